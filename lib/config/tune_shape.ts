/** Defines the options of a search for a better config. */
import { z } from "zod";
import { byteSize } from "../base/numbers/byte_size.ts";

export const tuneShape = {
  minutes: z.number().min(0.05).max(10_080).default(5)
    .describe("minutes of the search, with the training of the best config"),
  size: z.string().refine((text) => text === "" || byteSize(text) !== undefined, "expected a size such as 300kB or 1MB")
    .default("").describe("compare models of at most this size, as export --size makes them, such as 300kB"),
} as const;
