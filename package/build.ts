// deno-lint-ignore-file no-console -- a command for people
/**
 * Builds the package for npm: `dist/npm/` and its tarball beside it. The same sources give the same bytes. Another folder
 * than `dist` may be given.
 */
import { copyFile, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { ROOT, writeBundles } from "./bundle.ts";
import { packageManifest } from "./manifest.ts";

/** The part of npm's answer that is read here. */
const packed = z.tuple([z.object({ filename: z.string() })]);
const EXECUTABLE = `#!/usr/bin/env node\nimport "./main.js";\n`;

/** Builds the package in `folder` and returns the path of its tarball. */
export async function buildPackage(folder: string): Promise<string> {
  const content = join(folder, "npm");
  await rm(folder, { recursive: true, force: true });
  await mkdir(content, { recursive: true });
  const packages = await writeBundles(content);
  await writeFile(join(content, "package.json"), packageManifest(packages));
  await writeFile(join(content, "bin.js"), EXECUTABLE, { mode: 0o755 });
  for (const name of ["README.md", "LICENSE", "CHANGELOG.md"]) await copyFile(join(ROOT, name), join(content, name));
  return join(folder, pack(content, folder));
}

/** Writes the tarball of `content` to `folder` and returns its name. */
function pack(content: string, folder: string): string {
  const { success, stdout, stderr } = new Deno.Command("npm", {
    args: ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
    cwd: content,
  }).outputSync();
  if (!success) throw new Error(`npm cannot pack the package: ${new TextDecoder().decode(stderr)}`);
  return packed.parse(JSON.parse(new TextDecoder().decode(stdout)))[0].filename;
}

if (import.meta.main) {
  const tarball = await buildPackage(resolve(Deno.args[0] ?? join(ROOT, "dist")));
  console.log(`${tarball}: ${((await stat(tarball)).size / 1e6).toFixed(2)} MB`);
}
