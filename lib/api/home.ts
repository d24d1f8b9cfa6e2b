/** The folder in which a training from a program puts its run. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The folder of runs of one training. */
export interface Home {
  readonly runsDir: string;
  /** Removes it, if it is temporary. */
  remove(): Promise<void>;
}

/** Returns the folder that the caller names, or makes a temporary one. */
export async function openHome(runsDir: string | undefined): Promise<Home> {
  if (runsDir !== undefined) return { runsDir, remove: () => Promise.resolve() };
  const folder = await mkdtemp(join(tmpdir(), "lockstep-"));
  return { runsDir: folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
