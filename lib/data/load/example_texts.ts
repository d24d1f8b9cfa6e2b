/** Adds their texts to the examples of repeated rows, for `check`: `data.json` has none. */
import { readingOf } from "../../formats/columns.ts";
import type { ReadOptions } from "../../formats/read_options.ts";
import type { LoadedData } from "./loaded_data.ts";
import { rowsAt, textOf } from "../row_texts.ts";
import { type DataStatistics, repetitions } from "../statistics.ts";

/** Returns the statistics of `data`, which was read by `options`, with the texts of all examples that can be read again. */
export async function withTexts(data: LoadedData, options: ReadOptions): Promise<DataStatistics> {
  const { statistics } = data;
  const parts = [data.training, data.validation, data.test];
  const examples = repetitions(statistics).flatMap(({ repeated }) => repeated.examples);
  const places = [...new Set(examples.map(({ place }) => place))];
  const texts = new Map<string, string | undefined>(
    places.map((place) => [place, parts.map((part) => part?.places.texts.at(place)).find((text) => text)]),
  );
  const sources = statistics.sources.map(({ name }) => name);
  const reading = { ...options, ...readingOf(data.preprocessing.columns) };
  for await (const { place, row } of rowsAt(places, sources, reading)) texts.set(place, textOf(row));
  const add = <Rows extends DataStatistics["duplicates"] | undefined>(rows: Rows) =>
    rows && { ...rows, examples: rows.examples.map((one) => ({ ...one, text: texts.get(one.place) })) };
  const { duplicates, conflicts, leaks } = statistics;
  return {
    ...statistics,
    duplicates: add(duplicates),
    conflicts: add(conflicts),
    leaks: { validation: add(leaks.validation), test: add(leaks.test) },
  };
}
