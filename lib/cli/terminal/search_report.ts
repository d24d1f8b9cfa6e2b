/** Prints a search for a better config: a line for each trial, the state of the search, and the table of its configs. */
import { counted, percent } from "../../base/counted.ts";
import type { Config } from "../../config/schema.ts";
import { changesText, type Search, type SearchNews } from "../../run/tuning/search.ts";
import { padded, table } from "./columns.ts";
import type { Terminal } from "./terminal.ts";

const TICK_MS = 1000;

interface SearchReporter {
  readonly open: (search: Search) => void;
  readonly report: (news: SearchNews) => void;
  readonly close: () => void;
}

/** Reports on `terminal`: as lines for people, or with the log `json` each trial as a line of JSON. */
export function createSearchReporter(
  log: Config["log"],
  { line, json, live }: Pick<Terminal, "line" | "json" | "live">,
): SearchReporter {
  let search: Search | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;
  const tick = () => search && log === "text" && live(stateLine(search));
  return {
    open(opened) {
      search = opened;
      const { journal, all } = opened;
      if (log === "text") {
        const { trials } = journal;
        const before = trials.length > 0 ? `, ${counted(trials.length, "trial")} are done` : "";
        line(`Search ${journal.id}: up to ${counted(all.length, "config")}, by ${opened.metric}${before}`);
      }
      timer = setInterval(tick, TICK_MS);
    },
    report(news) {
      if (news.type !== "trial") return;
      if (log === "json") return json(news.trial);
      const { candidate, split, changes, score, accuracy, loss, seconds } = news.trial;
      const result = score === null || accuracy === undefined || loss === undefined
        ? "failed"
        : `${percent(accuracy)}, loss ${loss.toFixed(4)}`;
      line(
        `Split ${padded(String(split + 1), 2, "start")}  ${padded(result, 20)}  ${seconds.toFixed(1)} s  ` +
          `config ${candidate}: ${changesText(changes)}`,
      );
      tick();
    },
    close: () => clearInterval(timer),
  };
}

function stateLine({ journal, elapsed, best }: Search): string {
  const { length } = journal.trials;
  return `Tuning: ${counted(length, "trial")} in ${Math.round(elapsed)} s. Best so far: ${changesText(best)}`;
}

/** Lists the configs that went furthest, with what they gain over config 0 and the standard error of that. */
export function standingsTable({ standings, all, best, metric }: Search, width: number | undefined): string[] {
  const shown = standings.slice(0, 12);
  const isLoss = metric === "log-loss";
  const format = (value: number) => isLoss ? value.toFixed(4) : percent(value);
  const signed = (value: number) => `${value < 0 ? "−" : "+"}${format(Math.abs(value))}`;
  const cells = (cell: (one: typeof shown[number]) => string) => shown.map(cell);
  return table([
    { head: "Config", cells: cells(({ candidate }) => changesText(all[candidate]!)), rank: 0 },
    { head: "Splits", cells: cells(({ splits }) => String(splits)), side: "start", rank: 0 },
    { head: isLoss ? "Loss" : metric, cells: cells(({ score }) => format(Math.abs(score))), side: "start", rank: 0 },
    {
      head: "Better by",
      cells: cells(({ candidate, gain }) => candidate === 0 ? "–" : signed(gain)),
      side: "start",
      rank: 0,
    },
    {
      head: "±",
      cells: cells(({ error, candidate }) => error === null || candidate === 0 ? "–" : format(error)),
      side: "start",
      rank: 1,
    },
    {
      head: "",
      cells: cells(({ candidate }) => all[candidate] === best ? "chosen" : ""),
      rank: 0,
    },
  ], width);
}
