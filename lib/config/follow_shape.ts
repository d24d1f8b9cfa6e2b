/** Defines the options of a training on a stream. */
import { z } from "zod";

export const followShape = {
  follow: z.string().max(4096).default("").describe(
    "stream of rows as JSON lines: a file that grows, - for standard input, nats://host/subject, or the folder of an " +
      "earlier stream. See docs/learning-on.md",
  ),
  followRows: z.int().min(50).max(100_000).default(500)
    .describe("rows of a segment of the stream, which a run learns together"),
  followWindow: z.int().min(50).max(1_000_000).default(2000)
    .describe("newest rows that a run learns from, rounded up to segments"),
  followKeep: z.int().min(0).max(1_000_000).default(0)
    .describe("newest segments to keep, at least those of the window; 0: all"),
} as const;

export const followSchema = z.strictObject(followShape);
export type FollowOptions = z.infer<typeof followSchema>;
