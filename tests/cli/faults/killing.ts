/** Runs that are killed, as a power failure does, where their log tells that an epoch has ended. */
import { eventSchema, type RunEvent } from "../../../lib/base/events.ts";
import type { Draw } from "../../draws.ts";
import { assertEquals } from "@std/assert";
import { latestOf, SLOW, start } from "../process.ts";

/** The events in the log of a run. */
export async function eventsOf(directory: string): Promise<RunEvent[]> {
  const text = await Deno.readTextFile(`${directory}/events.jsonl`);
  return text.trim().split("\n").map((line) => eventSchema.parse(JSON.parse(line)));
}

/**
 * Trains a run in `folder`, kills it twice in epochs that are drawn, resumes it on other numbers of workers and returns
 * its directory when it has ended. Counts in `done` the kills that came before the end, which a quick machine may reach
 * first.
 */
export async function killTwice(
  folder: string,
  flags: readonly string[],
  epochs: number,
  draw: Draw,
  done: { killed: number },
): Promise<string> {
  const epochAfter = (last: number) => new RegExp(`^Epoch 0*${last + 1 + draw(Math.ceil(epochs / 4))} `, "m");
  let process = start("train", folder, [...flags, ...SLOW]);
  await process.printed(/^Run /m);
  const directory = await latestOf(folder);
  for (const workers of ["1", "3"]) {
    const told = (await eventsOf(directory)).filter(({ type }) => type === "epoch").length;
    if (!await process.killedAt(epochAfter(told))) break;
    done.killed++;
    process = start("resume", folder, [directory, "--exit", "--port", "0", "--workers", workers, ...SLOW]);
  }
  const { code, stdout } = await process.finished;
  assertEquals(code, 0, stdout);
  return directory;
}

/**
 * Trains a run in `folder` that is asked to stop after an epoch, `times` times in all, resumed in between. Begins anew
 * where the end came first. Returns the rounds that were done each time.
 */
export async function stopEarly(folder: string, flags: readonly string[], times: number): Promise<number[]> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const rounds: number[] = [];
    let process = start("train", folder, [...flags, ...SLOW]);
    for (;;) {
      await process.printed(/^Epoch /m);
      await process.signalled("SIGTERM");
      const summary = JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/summary.json`));
      if (summary.reason !== "asked to stop") break;
      rounds.push(summary.rounds);
      if (rounds.length === times) return rounds;
      process = start("resume", folder, [`${folder}/latest`, "--exit", "--port", "0", ...SLOW]);
    }
  }
  throw new Error("Training ended before it was asked to stop, ten times");
}
