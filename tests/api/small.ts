/** Rows and options of trainings that take a moment. */
import { PATIENCE_MS } from "../patience.ts";

const THINGS = ["parcel", "invoice", "password"];
const WORDS = ["my", "the", "again", "late", "wrong", "please", "lost", "new"];

/** Returns labelled texts, always the same ones. */
export function smallRows(count = 90): { text: string; label: string }[] {
  return Array.from({ length: count }, (_, row) => {
    const thing = THINGS[row % THINGS.length]!;
    const word = (step: number) => WORDS[(row * step + 3) % WORDS.length]!;
    return { text: `${word(5)} ${word(7)} ${thing} ${word(3)}, no ${row}`, label: `about ${thing}` };
  });
}

/** Returns `rows` as a file of JSON lines has them. */
export function jsonLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** A small model. Its workers may be slow on a busy machine. */
export const SMALL = {
  hidden: 4,
  embedding: 6,
  letterRows: 0,
  epochs: 3,
  workers: 2,
  kernels: "wasm",
  workerTimeout: PATIENCE_MS / 1000,
} as const;

/** Epochs of a training that a test stops: too many to end before its first event arrives. */
export const MANY_EPOCHS = 400;
