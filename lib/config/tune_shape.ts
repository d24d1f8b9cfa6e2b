/** Defines the options of a search for a better config. */
import { z } from "zod";

export const tuneShape = {
  minutes: z.number().min(0.05).max(10_080).default(5)
    .describe("minutes of the search, with the training of the best config"),
} as const;
