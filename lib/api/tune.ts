/** Searches for a better config from a program, and trains it. */
import { inputError } from "../base/errors.ts";
import { type Resolve, resolveConfig } from "../config/resolve.ts";
import { trainingConfigSchema } from "../config/schema.ts";
import { tuneShape } from "../config/tune_shape.ts";
import type { TrainingRunOptions } from "../run/training/prepare.ts";
import { openTuned } from "../run/tuning/open_tuned.ts";
import type { SearchNews } from "../run/tuning/search.ts";
import { bytesOf } from "./given_values.ts";
import { openHome } from "./home.ts";
import { RowSource } from "./rows.ts";
import { finish, type TrainingThreads, trainValues } from "./train.ts";
import type { Row, Rows } from "./types/rows.ts";
import type { TunedRun, TuneOptions, TuneTrial } from "./types/tuning.ts";

/** Searches for `minutes`, and trains the best config. */
export async function tuneRows(options: TuneOptions, threads: TrainingThreads): Promise<TunedRun> {
  const { minutes = tuneShape.minutes.parse(undefined), size, onTrial, data, onProgress, signal, runsDir, ...given } =
    options;
  const parsed = tuneShape.minutes.safeParse(minutes);
  if (!parsed.success) {
    throw inputError("minutes", `minutes is ${String(minutes)}: expected a number from 0.05 to 10080`);
  }
  const values = trainValues({ ...given, runsDir });
  // Each trial reads the rows, which a stream has only once.
  const all: Rows = isStream(data) ? await Array.fromAsync(data) : data;
  const source = () => new RowSource(all, "data", { columns: values, signal });
  const rows = source();
  const home = await openHome(runsDir);
  const chosen = { ...values, data: rows.data };
  const resolveOf = (more: object): Resolve => (defaults) =>
    resolveConfig(
      undefined,
      [{ values: { ...chosen, runsDir: home.runsDir, ...more }, nameOf: (key) => key }],
      defaults,
    );
  const trials: TuneTrial[] = [];
  let config: Readonly<Record<string, unknown>> = {};
  const open = async (parts: TrainingRunOptions) => {
    const search = {
      ...parts,
      resolve: resolveOf({}),
      given: Object.fromEntries(Object.entries(chosen).filter(([key]) => key in trainingConfigSchema.shape)),
      minutes: parsed.data,
      size: bytesOf(size),
      runsDir: home.runsDir,
      signal: signal ?? new AbortController().signal,
      ...rows.input && { rows: () => source().input! },
      onNews(news: SearchNews) {
        if (news.type !== "trial") return;
        const { type: _, elapsed: __, ...trial } = news.trial;
        trials.push(trial);
        onTrial?.(trial);
      },
    };
    return await openTuned(search, { onDone: ({ config: best }) => config = best });
  };
  const run = await finish({ home, rows, threads, onProgress, signal, resolve: resolveOf({}), open });
  return { ...run, config, trials };
}

function isStream(rows: Rows): rows is AsyncIterable<Row> {
  return typeof rows === "object" && Symbol.asyncIterator in rows;
}
