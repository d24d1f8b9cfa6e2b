/** Prints a search for a better config: a line for each trial, the state of the search, and the table of its configs. */
import { counted, percent } from "../../base/counted.ts";
import type { Config } from "../../config/schema.ts";
import { bytes } from "../../report/format.ts";
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

function stateLine({ journal: { trials }, elapsed, minutes, standings, all }: Search): string {
  const time = `${Math.round(elapsed)} of ${Math.round(60 * minutes)} s`;
  const ahead = standings[0] ? `. Ahead: ${changesText(all[standings[0].candidate]!)}` : "";
  return `Tuning: ${counted(trials.length, "trial")} in ${time}${ahead}`;
}

/** Says which config the search chose and why, after the table of the configs that went furthest. */
export function searchReport(
  { standings, best, all, metric, cost }:
    & Pick<Search, "standings" | "best" | "all" | "metric">
    & Partial<Pick<Search, "cost">>,
  width: number | undefined,
): string[] {
  const value = (score: number) => format(metric, Math.abs(score));
  const lines = cost
    ? [`Size:       ${metric} ${value(cost.small)} in ${bytes(cost.size)}, ${value(cost.whole)} whole`]
    : [];
  if (standings.length < 2) {
    return ["Best:       defaults: the time was over before another config was compared with them", ...lines];
  }
  const chosen = standings.find(({ candidate }) => all[candidate] === best)!;
  const how = chosen.candidate === 0
    ? "no other config is better by more than its standard error on three splits or more"
    : `${metric} is better by ${format(metric, chosen.gain)} ± ${format(metric, chosen.error ?? 0)} on ` +
      counted(chosen.splits, "split");
  return [...standingsTable({ standings, all, metric }, width), `Best:       ${changesText(best)}: ${how}`, ...lines];
}

function format(metric: Config["metric"], value: number): string {
  return metric === "log-loss" ? value.toFixed(4) : percent(value);
}

/** Lists the configs that went furthest, with what they gain over config 0 and the standard error of that. */
function standingsTable(
  { standings, all, metric }: Pick<Search, "standings" | "all" | "metric">,
  width: number | undefined,
): string[] {
  const shown = standings.slice(0, 12);
  const signed = (value: number) => {
    const size = format(metric, Math.abs(value));
    return size === format(metric, 0) ? "equal" : `${value < 0 ? "−" : "+"}${size}`;
  };
  const column = (head: string, rank: number, cell: (one: typeof shown[number]) => string) => ({
    head,
    cells: shown.map(cell),
    side: "start" as const,
    rank,
  });
  return table([
    { head: "Config", cells: shown.map(({ candidate }) => changesText(all[candidate]!)), rank: 0 },
    column("Splits", 0, ({ splits }) => String(splits)),
    column(metric, 0, ({ score }) => format(metric, Math.abs(score))),
    column("Better by", 0, ({ candidate, gain }) => candidate === 0 ? "–" : signed(gain)),
    column("±", 1, ({ error, candidate }) => error === null || candidate === 0 ? "–" : format(metric, error)),
  ], width);
}
