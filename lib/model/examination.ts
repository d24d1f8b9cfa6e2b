/** Describes what cross-validation finds, except for the findings of every row: a run keeps it, and HTTP sends it. */
import { z } from "zod";
import type { CrossValidation } from "./label_findings.ts";

export type Examination = Omit<CrossValidation, "findings">;

const rowSchema = z.object({
  place: z.string(),
  label: z.string(),
  probability: z.number(),
  likely: z.string(),
  likelyProbability: z.number(),
  labels: z.array(z.string()).exactOptional(),
  likelyLabels: z.array(z.string()).exactOptional(),
  isSuspect: z.boolean(),
  near: z.object({ place: z.string(), label: z.string(), share: z.number() }).exactOptional(),
  text: z.string().exactOptional(),
});
const rowsSchema = z.object({ rows: z.int(), examples: z.array(rowSchema) });

export const examinationSchema: z.ZodType<Examination> = z.object({
  rows: z.int(),
  accuracy: z.number(),
  macroF1: z.number(),
  /** Where rows may have several labels; `folds` and `spread` are of it then. */
  microF1: z.number().exactOptional(),
  folds: z.array(z.number()),
  spread: z.number(),
  suspects: rowsSchema,
  nearDuplicates: rowsSchema,
  confused: z.array(z.object({ label: z.string(), given: z.string(), rows: z.int() })),
  thin: z.array(z.object({ label: z.string(), rows: z.int(), f1: z.number().nullable() })),
});
