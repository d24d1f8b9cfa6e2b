/** Defines the options of a search for a better config, and which config may be its base. */
import { z } from "zod";
import { inputError } from "../base/errors.ts";
import { byteSize } from "../base/numbers/byte_size.ts";
import type { Config, ConfigKey } from "./schema.ts";

const minutes = z.number().min(0.05).max(10_080);
const size = z.string()
  .refine((text) => text === "" || byteSize(text) !== undefined, "expected a size such as 300kB or 1MB");
const sizeText = "compare models of at most this size, as a small export makes them, such as 300kB";

export const tuneShape = {
  minutes: minutes.default(5).describe("minutes of the search, with the training of the best config"),
  size: size.default("").describe(sizeText),
} as const;

/** Defines the keys of a search in a request for a run. */
export const requestedSearchShape = {
  tuneMinutes: minutes.optional().describe("search for a better config first, in so many minutes with its training"),
  tuneSize: size.optional().describe(`with a search: ${sizeText}`),
} as const;

/** Throws an InputError for options that no search can have; rows may be `-` if they are in memory. */
export function refuseBase({ data, cluster, from }: Config, isInMemory: boolean): void {
  const refuse = (key: ConfigKey, message: string) => inputError(key, `\`${key}\` ${message}`);
  if (data.length === 0) throw refuse("data", "has no value: expected a file of rows to tune on");
  if (data.includes("-") && !isInMemory) throw refuse("data", "is -: expected files, which each trial reads");
  if (cluster !== "") throw refuse("cluster", "has a value: a search is on one machine");
  if (from !== "") throw refuse("from", "has a value: a search trains each config from the start");
}
