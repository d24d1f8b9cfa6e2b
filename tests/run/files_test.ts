import { assertEquals, assertRejects } from "@std/assert";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, makeDirectory, readJson, writeJson, writeWhole } from "../../lib/run/files.ts";
import { inTemporaryDirectory } from "./temporary.ts";

Deno.test("writeWhole() replaces a file and leaves nothing beside it", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    await writeWhole(path, "first");
    await writeWhole(path, Uint8Array.of(1, 2, 3));
    assertEquals([...await readFile(path)], [1, 2, 3]);
    assertEquals(await readdir(directory), ["file"]);
  }));

Deno.test("writeWhole() leaves the old file when what is new cannot be written", () =>
  inTemporaryDirectory(async (directory) => {
    // A name so long that there is no room for the name of the file beside it.
    const path = join(directory, "x".repeat(250));
    await writeFile(path, "old");
    await assertRejects(() => writeWhole(path, "new"), Error, "ENAMETOOLONG");
    assertEquals(await readFile(path, "utf8"), "old");
    assertEquals((await readdir(directory)).length, 1);
  }));

Deno.test("writeWhole() removes the file beside when it cannot be renamed", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "taken");
    await mkdir(path);
    await assertRejects(() => writeWhole(path, "new"), Error);
    assertEquals(await readdir(directory), ["taken"]);
  }));

Deno.test("readJson() gives back what writeJson() took", () =>
  inTemporaryDirectory(async (directory) => {
    const value = { a: [1, "two", null], b: { c: true } };
    await writeJson(join(directory, "x.json"), value);
    assertEquals(await readJson(join(directory, "x.json")), value);
  }));

Deno.test("readJson() names the file that is no JSON, and passes on that there is none", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "x.json");
    const error = await assertRejects(() => readJson(path), Error);
    assertEquals(errorCode(error), "ENOENT");
    await writeFile(path, "{");
    await assertRejects(() => readJson(path), RangeError, `Cannot read "${path}": it is not JSON`);
  }));

Deno.test("makeDirectory() says whether it made one", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "new");
    assertEquals([await makeDirectory(path), await makeDirectory(path)], [true, false]);
    await assertRejects(() => makeDirectory(join(directory, "no", "parent")), Error, "ENOENT");
  }));

Deno.test("errorCode() is nothing for what has none", () => {
  assertEquals([errorCode(new Error("x")), errorCode("ENOENT"), errorCode(undefined)], [
    undefined,
    undefined,
    undefined,
  ]);
});
