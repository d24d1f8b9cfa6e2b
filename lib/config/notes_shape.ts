/** The options by which people find a run again. They never change its result, and can be edited while it exists. */
import { z } from "zod";

/** Matches a line without control characters and without those that reverse the direction of the text around it. */
const LINE = /^[^\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]*$/u;

const line = (most: number) => z.string().max(most).regex(LINE, "expected one line of text");

/** Matches characters that a note has on several lines. */
const TEXT = /^[^\p{Cs}\0]*$/u;

export const notesShape = {
  name: line(100).default("").describe(
    "name of the run, which can be edited; with `cluster`, the same on all machines, of letters, digits, - and _",
  ),
  note: z.string().max(4000).regex(TEXT, "expected text").default("").describe("note on the run, which can be edited"),
  tags: z.array(line(50).regex(/^[^,\s][^,]*$/, "expected a tag without a comma")).max(20).default([])
    .describe("tag of the run, by which lists are filtered; can be edited"),
} as const;

/** Parses the name of a person. */
export const whoSchema = line(100).min(1);

/** Parses what a client or a file says about a run; missing values stay unchanged. */
export const notesSchema = z.strictObject({
  name: notesShape.name.unwrap(),
  note: notesShape.note.unwrap(),
  tags: notesShape.tags.unwrap(),
}).partial();
export type Notes = Readonly<z.infer<typeof notesSchema>>;
