/** Makes a run with a log as long as that of weeks of training, and measures how long it takes to open. */
import { dirname, join } from "node:path";
import { cp } from "node:fs/promises";

/** Copies `run` with another log, of `count` events, beside it. Returns the directory of the copy. */
export async function writeLongRun(run: string, count: number): Promise<string> {
  const from = await Deno.realPath(run);
  const to = join(dirname(from), "20260101-000000-long");
  await cp(from, to, { recursive: true });

  const lines = (await Deno.readTextFile(join(from, "events.jsonl"))).trim().split("\n");
  const [first, middle, last] = [lines[0]!, lines.slice(1, -1), lines.at(-1)!];
  function* parts(): Generator<string> {
    for (let id = 1; id <= count;) {
      const part: string[] = [];
      for (; id <= count && part.length < 10_000; id++) {
        const line = id === 1 ? first : id === count ? last : middle[id % middle.length]!;
        part.push(`${line.replace(/"id":\d+/, `"id":${id}`)}\n`);
      }
      yield part.join("");
    }
  }
  await Deno.writeTextFile(join(to, "events.jsonl"), ReadableStream.from(parts()));
  return to;
}

/** Returns the seconds from the request to the end of a finished run's event stream, and its number of events. */
export async function openingSeconds(url: string): Promise<{ readonly seconds: number; readonly events: number }> {
  const begun = performance.now();
  const response = await fetch(url);
  let events = 0;
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    events += text.split("\nevent: ").length - 1;
  }
  return { seconds: (performance.now() - begun) / 1000, events };
}
