/** Tests how `deno task package` builds the package for npm. */
import project from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertThrows } from "@std/assert";
import { cp, readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { npmManifest } from "../../package/manifest.ts";
import { ROOT, withFolder } from "../cli/process.ts";

/** Folders and files of a checkout that are no sources. */
const NO_SOURCES = /^(\.git|runs|dist|node_modules|coverage|kernels\/native\/build)$/;

/** Copies the sources of this project, without what was built or trained in it. */
async function copySources(target: string): Promise<void> {
  await cp(ROOT, target, { recursive: true, filter: (path) => !NO_SOURCES.test(relative(ROOT, path)) });
}

/** Builds the package in the project at `folder`, as its task does, and returns the path of the tarball. */
async function build(folder: string): Promise<string> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-A", "--no-check", "package/build.ts"],
    cwd: folder,
    stdin: "null",
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return join(folder, "dist", `lockstep-${project.version}.tgz`);
}

Deno.test("deno task package builds the same tarball in every folder, without its path", async () => {
  await withFolder(async (folder) => {
    const [first, second] = [join(folder, "a"), join(folder, "a longer name/b")];
    await copySources(first);
    await copySources(second);
    const one = await readFile(await build(first));
    assert(one.equals(await readFile(await build(second))), "the tarballs differ");
    assert(one.length < 3_000_000, `the tarball has ${one.length} bytes`);

    const content = join(first, "dist/npm");
    const names = await readdir(content, { recursive: true });
    for (const name of names.filter((name) => /\.(js|map|json)$/.test(name))) {
      const text = await readFile(join(content, name), "utf8");
      assert(!text.includes(folder), `${name} names the folder of the build`);
      // Its modules have their results.
      if (name.endsWith(".js")) assert(!text.includes("stripTypeScriptTypes"), `${name} removes types at run time`);
    }
    const scripts = names.filter((name) => name.endsWith(".js") && name !== "bin.js");
    assertEquals(scripts.filter((name) => !names.includes(`${name}.map`)), []);
    const predictor = gzipSync(await readFile(join(content, "predict.js")), { level: 9 });
    assert(predictor.length < 40_000, `predict.js has ${predictor.length} bytes, compressed`);
    for (
      const name of ["main", "mod", "predict", "workers/train", "workers/ngrams", "workers/predict", "workers/folds"]
    ) {
      assert(scripts.includes(`${name}.js`), name);
    }
  });
});

Deno.test("npmManifest() gives packages the versions of deno.json, tfjs as an optional one", () => {
  const manifest = JSON.parse(npmManifest(["@tensorflow/tfjs", "hono", "zod"]));
  assertEquals(manifest.version, project.version);
  assertEquals(manifest.dependencies, {
    hono: project.imports.hono.replace("npm:hono@", ""),
    zod: project.imports.zod.replace("npm:zod@", ""),
  });
  assertEquals(manifest.peerDependencies, {
    "@tensorflow/tfjs": project.imports["@tensorflow/tfjs"].replace("npm:@tensorflow/tfjs@", "^"),
  });
  assertEquals(manifest.peerDependenciesMeta, { "@tensorflow/tfjs": { optional: true } });
  assertThrows(() => npmManifest(["left-pad"]), Error, 'no exact version of "left-pad"');
});
