/** Measures requests per second and percentiles of their times with wrk (Debian's package). */
import { output } from "../command.ts";

export interface Load {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface LoadOptions {
  readonly url: string;
  /** The JSON that is posted. */
  readonly body: string;
  readonly connections: number;
  /** A whole number. */
  readonly seconds: number;
}

/** Posts `body` repeatedly. Throws an Error if an answer is not 200, or without wrk. */
export async function load({ url, body, connections, seconds }: LoadOptions): Promise<Load> {
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  try {
    const lines = [`wrk.method = "POST"`, `wrk.body = '${body}'`, `wrk.headers["Content-Type"] = "application/json"`];
    await Deno.writeTextFile(script, lines.join("\n"));
    const flags = ["-t1", `-c${connections}`, `-d${seconds}`, "--latency", "-s", script, url];
    return parseWrk(await output("wrk", flags));
  } finally {
    await Deno.remove(script);
  }
}

const MILLISECONDS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/** Parses the numbers that wrk prints. Throws an Error if they are missing, or if an answer was not 200. */
export function parseWrk(text: string): Load {
  const bad = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(text);
  if (bad) throw new Error(`wrk says: ${bad[0]}`);
  const time = (percent: number) => {
    const match = new RegExp(`^ +${percent}% +([\\d.]+)(us|ms|s|m)$`, "m").exec(text);
    return match ? Number(match[1]) * MILLISECONDS[match[2]!]! : NaN;
  };
  const requestsPerSecond = Number(/Requests\/sec: +([\d.]+)/.exec(text)?.[1]);
  if (Number.isNaN(requestsPerSecond)) throw new Error(`wrk printed no measurements: ${text}`);
  return { requestsPerSecond, p50Ms: time(50), p99Ms: time(99) };
}
