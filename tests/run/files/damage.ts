/** Damages files of a run, as disks and other programs may do. */
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { Random } from "../../../lib/base/numbers/random.ts";

/** Damages the file at `path`, by kind; `random` chooses the place. */
export const DAMAGES = {
  async truncated(path: string, random: Random) {
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, random.below(bytes.length)));
  },
  async "with a bit flipped"(path: string, random: Random) {
    const bytes = await readFile(path);
    const at = random.below(bytes.length);
    bytes[at]! ^= 1 << random.below(8);
    await writeFile(path, bytes);
  },
  async "with garbage in it"(path: string, random: Random) {
    const bytes = await readFile(path);
    const at = random.below(bytes.length);
    for (let i = at; i < Math.min(bytes.length, at + 40); i++) bytes[i] = random.below(256);
    await writeFile(path, bytes);
  },
  async "that is empty"(path: string) {
    await writeFile(path, "");
  },
  async "that is gone"(path: string) {
    await rm(path);
  },
  async "that is a directory"(path: string) {
    await rm(path);
    await mkdir(path);
  },
} as const;
export type Damage = keyof typeof DAMAGES;
export const KINDS = Object.keys(DAMAGES) as Damage[];

/** Lists all files below `directory`, by their paths in it. */
export async function filesOf(directory: string): Promise<string[]> {
  const paths = (await readdir(directory, { recursive: true })).map((name) => join(directory, name));
  const kinds = await Promise.all(paths.map((path) => stat(path)));
  return paths.filter((_, i) => kinds[i]!.isFile()).map((path) => relative(directory, path)).sort();
}

/** Calls `use` with a copy of `directory` of the same name, in which `file` is damaged. */
export async function withDamaged(
  directory: string,
  file: string,
  damage: Damage,
  random: Random,
  use: (copy: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const copy = join(folder, directory.split("/").at(-1)!);
    await cp(directory, copy, { recursive: true });
    await DAMAGES[damage](join(copy, file), random);
    await use(copy);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
