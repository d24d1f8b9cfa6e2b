// deno-lint-ignore-file no-console -- a command for people
/**
 * Builds the packages: `dist/npm/` with its tarball beside it, and `dist/jsr/`. The same sources give the same bytes.
 * Another folder than `dist` may be given.
 */
import { chmod, copyFile, cp, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import project from "../deno.json" with { type: "json" };
import { writeBundles } from "./bundle.ts";
import { ROOT, writeDeclarations } from "./declarations.ts";
import { jsrManifest, npmManifest } from "./manifest.ts";

/** Texts that come with the code. */
const PAGES = ["README.md", "LICENSE", "CHANGELOG.md", "docs"];
/** The part of npm's answer that is read here. */
const packed = z.tuple([z.object({ filename: z.string() })]);

/** The kernels of predictions, for runtimes that compile no bytes. */
const KERNELS = ["kernels/forward.wasm", "kernels/forward_products.wasm"];

/** Builds the packages in `folder` and returns the path of the tarball for npm. */
export async function buildPackages(folder: string): Promise<string> {
  const [npm, jsr] = [join(folder, "npm"), join(folder, "jsr")];
  for (const content of [npm, jsr]) await rm(content, { recursive: true, force: true });
  await mkdir(npm, { recursive: true });
  const packages = await writeBundles(npm);
  for (const name of PAGES) await cp(join(ROOT, name), join(npm, name), { recursive: true });
  for (const name of KERNELS) await cp(join(ROOT, name), join(npm, name));
  await cp(npm, jsr, { recursive: true });
  await writeDeclarations(Object.values(project.exports), join(npm, "types"), "js");
  await writeDeclarations(Object.values(project.exports), join(jsr, "types"), "d.ts");
  await writeFile(join(jsr, "deno.json"), jsrManifest());
  for (const path of Object.values(project.exports)) await nameTypes(jsr, path.slice("./".length, -".ts".length));
  await writeFile(join(npm, "package.json"), npmManifest(packages));
  await copyFile(join(ROOT, "package/bin.js"), join(npm, "bin.js"));
  await chmod(join(npm, "bin.js"), 0o755);
  return join(folder, pack(npm, folder));
}

/** Names the declarations of the module `name` in its first line, as JSR needs it. */
async function nameTypes(folder: string, name: string): Promise<void> {
  const script = join(folder, `${name}.js`);
  await writeFile(script, `/* @ts-self-types="./types/${name}.d.ts" */\n${await readFile(script, "utf8")}`);
  const map = `${script}.map`;
  await writeFile(map, (await readFile(map, "utf8")).replace('"mappings": "', '"mappings": ";'));
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
  const tarball = await buildPackages(resolve(Deno.args[0] ?? join(ROOT, "dist")));
  console.log(`${tarball}: ${((await stat(tarball)).size / 1e6).toFixed(2)} MB`);
}
