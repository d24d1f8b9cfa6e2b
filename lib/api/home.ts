/** The folder in which a training from a program puts its run. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorMessage, inputError } from "../base/errors.ts";

/** The folder of runs of one training. */
export interface Home {
  readonly runsDir: string;
  /** Removes it, if it is temporary. */
  remove(): Promise<void>;
}

/** Returns the folder that the caller names, or makes a temporary one. */
export async function openHome(runsDir: string | undefined): Promise<Home> {
  if (runsDir !== undefined) return { runsDir, remove: () => Promise.resolve() };
  const folder = await temporaryFolder();
  return { runsDir: folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function temporaryFolder(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), "lockstep-"));
  } catch (error) {
    const message = `Cannot make a temporary folder: ${errorMessage(error)}. Set \`runsDir\` to the folder of the run`;
    throw inputError("runsDir", message);
  }
}
