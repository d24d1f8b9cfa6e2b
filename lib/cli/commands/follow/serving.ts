/** Learns from a stream of rows, and serves the newest model meanwhile, until the stream ends or the process is interrupted. */
import { counted, percent } from "../../../base/counted.ts";
import { inputError } from "../../../base/errors.ts";
import { type Config, configPaths } from "../../../config/schema.ts";
import type { FollowOptions } from "../../../config/follow_shape.ts";
import { shellWord } from "../../../report/outcome.ts";
import { Follower } from "../../../run/following/follower.ts";
import { accuracyOf } from "../../../run/following/prequential.ts";
import type { RowStream } from "../../../run/following/row_stream.ts";
import type { OpenBytes } from "../../../run/following/source_rows.ts";
import { filesOfParents } from "../../../run/training/parent.ts";
import { openKernels } from "../../arguments/kernels.ts";
import { restrictReading } from "../../arguments/reading.ts";
import { ExitCode } from "../../exit_codes.ts";
import { ServedRun } from "../../service/served_run.ts";
import { startService } from "../../service/service.ts";
import { item } from "../../terminal/final_report.ts";
import { createReporter } from "../../terminal/reporter.ts";
import { onInterruption } from "../../terminal/signals.ts";
import type { TrainingOptions } from "../training.ts";

/** Stands for standard input. */
export const STDIN = "-";

/** Matches the subject of a server: words with dots between them, as NATS has them, with its wildcards. */
const ADDRESS = /^((?:nats|tls):\/\/[^\s/@]+)\/([\w.*>$-]{1,255})$/;

/** Tells whether a stream is not a file. */
export function isAddress(follow: string): boolean {
  return /^\w+:\/\//.test(follow);
}

interface Wanted extends FollowOptions {
  readonly values: Readonly<Record<string, unknown>>;
  readonly given: Readonly<Record<string, unknown>>;
  readonly config: Config;
  readonly nats: Pick<Config, "clusterCredentials" | "clusterCa">;
}

export async function followAndServe(wanted: Wanted, options: TrainingOptions): Promise<ExitCode> {
  const { config, follow, nats } = wanted;
  const { terminal, assets, predictUrl, workerUrl, baselineUrl, foldsUrl, cores } = options;
  const native = openKernels(config.kernels, terminal);
  const bytes = await bytesOf(wanted, options);
  restrictReading({ ...config, ...nats, data: [] }, configPaths, [
    ...await filesOfParents(config),
    ...bytes ? [] : [follow],
  ]);
  const isText = config.log === "text";
  const say = isText ? terminal.line : terminal.note;
  const service = await startService({ config, assets: assets(), note: terminal.note });
  const interruption = onInterruption(() => options.quit(ExitCode.interruptedTwice));
  const { signal } = interruption;
  void interruption.happened.then(() => service.drain());
  const threads = { foldsUrl, cores };
  const served = new ServedRun({ service, config, predictUrl, native, note: terminal.note, threads });
  let follower: Follower | undefined;
  // The first run, which takes the longest, is reported as any other.
  let report: ReturnType<typeof createReporter> | undefined;
  try {
    say(`Dashboard: ${service.url}`);
    follower = await Follower.open({
      ...wanted,
      threads: { workerUrl, baselineUrl, cores, native },
      bytes,
      signal,
      note: terminal.note,
      onRows: (stream) => {
        service.reading(stream.measures.rows);
        if (isText) terminal.live(progressText(stream));
      },
      onRun(run) {
        report = !isText || !follower?.directory
          ? createReporter({ config: { ...config, ...run.config }, terminal })
          : undefined;
        served.watch(run);
      },
      observe(event) {
        served.observe(event);
        report?.(event, undefined);
      },
      async onLearnt(directory, { digest, segment, measures, rowsPerSecond, drifts }) {
        await served.turnTo(directory);
        if (!isText) return;
        const accuracy = accuracyOf(measures);
        const parts = [
          `Segment ${segment}: ${counted(segment * wanted.followRows, "row")}`,
          `${Math.round(rowsPerSecond).toLocaleString("en-US")} rows/s`,
          ...accuracy === undefined ? [] : [`Prequential: ${percent(accuracy)}`],
          ...drifts.map((row) => `Drift at row ${row.toLocaleString("en-US")}`),
          `Digest: ${digest}`,
        ];
        terminal.emphasize(parts.join(" - "), drifts.length > 0 ? { tone: "warning", part: "Drift" } : undefined);
      },
    });
    const { journal } = follower;
    say(item("Journal", journal.folder));
    if (journal.rows > 0) say(`Continuing after ${counted(journal.rows, "row")} of the stream`);
    if (follower.directory) await served.turnTo(follower.directory);
    await follower.run();
    const waiting = journal.options.rows - journal.room;
    say(
      `${signal.aborted ? "Interrupted" : "The stream ended"} after ${counted(journal.rows, "row")}` +
        (waiting > 0 ? `, of which ${waiting.toLocaleString("en-US")} wait for a full segment` : ""),
    );
    if (follower.directory) say(item("Run", shellWord(follower.directory)));
    if (!config.exit && !signal.aborted) {
      say(`Serving on ${service.url} until interrupted`);
      await interruption.happened;
    }
    return ExitCode.done;
  } catch (error) {
    if (error !== signal.reason) throw error;
    say("Interrupted: the same command continues");
    return ExitCode.done;
  } finally {
    await service.close();
    await served.close();
    await follower?.close();
  }
}

/** Returns what opens a stream that is no file. */
async function bytesOf({ follow, nats }: Wanted, { input, terminal }: TrainingOptions): Promise<OpenBytes | undefined> {
  if (follow === STDIN) return () => input;
  if (!isAddress(follow)) return undefined;
  const [, url, subject] = ADDRESS.exec(follow) ?? [];
  if (url === undefined || subject === undefined) {
    throw inputError("--follow", `--follow is "${follow}": expected an address such as nats://host:4222/subject`);
  }
  // The client is loaded only for a stream on a NATS server.
  const { readSubject } = await import("../../../cluster/nats/subject.ts");
  const onDropped = (count: number) => terminal.note(`The stream is too fast: ${counted(count, "message")} dropped`);
  const { clusterCredentials: credentials, clusterCa: tlsCa } = nats;
  return (signal) => readSubject({ url, subject, credentials, tlsCa, signal, onDropped });
}

function progressText({ measures }: RowStream): string {
  const accuracy = accuracyOf(measures);
  return `Predicted: ${counted(measures.rows, "row")}` +
    (accuracy === undefined ? "" : `, prequential ${percent(accuracy)}`);
}
