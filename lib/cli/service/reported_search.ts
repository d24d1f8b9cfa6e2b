/** Searches for a better config with a report on the terminal, and opens the run of the best one. */
import type { Config } from "../../config/schema.ts";
import { shellWord } from "../../report/outcome.ts";
import type { TrainingRun } from "../../run/training/training_run.ts";
import { openTuned } from "../../run/tuning/open_tuned.ts";
import type { Search, SearchNews, SearchOptions } from "../../run/tuning/search.ts";
import { PROGRAM } from "../arguments/program.ts";
import { item, items } from "../terminal/final_report.ts";
import { createSearchReporter, searchReport } from "../terminal/search_report.ts";
import type { Terminal } from "../terminal/terminal.ts";

interface SearchReport {
  readonly terminal: Terminal;
  readonly log: Config["log"];
  /** The id of the run; default: a new one. */
  readonly id?: string | undefined;
  /** Lists a run of the search. */
  readonly onTrial: (run: TrainingRun) => void;
  readonly onOpen?: (search: Search) => void;
  /** Receives the line that says how to resume a search that the signal has stopped. */
  readonly onStopped: (line: string) => void;
}

/** Throws as `openTuned` does. */
export async function openReported(
  options: SearchOptions,
  { terminal, log, id, onTrial, onOpen, onStopped }: SearchReport,
): Promise<TrainingRun> {
  const reporter = createSearchReporter(log, terminal);
  const say = log === "json" ? terminal.note : terminal.line;
  const onNews = (news: SearchNews) => {
    if (news.type === "began") onTrial(news.run);
    reporter.report(news);
  };
  return await openTuned({ ...options, onNews }, {
    id,
    onOpen(search) {
      reporter.open(search);
      onOpen?.(search);
    },
    onDone(search, file) {
      reporter.close();
      if (options.signal.aborted) {
        onStopped(item("Resume", `${PROGRAM} tune --resume ${shellWord(search.journal.folder)}`));
      }
      if (log === "text") searchReport(search, terminal.width()).forEach((line) => terminal.line(line));
      say(item("Config", file));
      items("Train it", [`${PROGRAM} train --config ${shellWord(file)}`]).forEach((text) => say(text));
    },
  }).finally(reporter.close);
}
