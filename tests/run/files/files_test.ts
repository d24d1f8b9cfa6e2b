import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { DamagedFile } from "../../../lib/base/errors.ts";
import { errorCode } from "../../../lib/base/errors.ts";
import {
  makeDirectory,
  readBytes,
  readJson,
  writeJson,
  writePieces,
  writeWhole,
} from "../../../lib/run/files/files.ts";
import { optionalTest } from "../../optional.ts";
import { inTemporaryDirectory } from "../temporary.ts";

Deno.test("writeWhole() replaces a file and leaves no temporary file", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    await writeWhole(path, "first");
    await writeWhole(path, Uint8Array.of(1, 2, 3));
    assertEquals([...await readFile(path)], [1, 2, 3]);
    assertEquals(await readdir(directory), ["file"]);
  }));

Deno.test("writeWhole() leaves the old file if the new content cannot be written", () =>
  inTemporaryDirectory(async (directory) => {
    // The name is so long that the name of the temporary file is invalid.
    const path = join(directory, "x".repeat(250));
    await writeFile(path, "old");
    await assertRejects(() => writeWhole(path, "new"), Error, "ENAMETOOLONG");
    assertEquals(await readFile(path, "utf8"), "old");
    assertEquals((await readdir(directory)).length, 1);
  }));

Deno.test("writeWhole() removes the temporary file if it cannot be renamed", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "taken");
    await mkdir(path);
    await assertRejects(() => writeWhole(path, "new"), Error);
    assertEquals(await readdir(directory), ["taken"]);
  }));

Deno.test("writePieces() compresses a file whose name ends in .gz, always to the same bytes", () =>
  inTemporaryDirectory(async (directory) => {
    const pieces = Array.from({ length: 300 }, (_, at) => `${at} é ${"abc".repeat(at * 7)}\n`);
    const written = async (name: string) => {
      const path = join(directory, name);
      const result = await writePieces(path, async (write) => {
        for (const piece of pieces) await write(piece);
        return pieces.length;
      });
      assertEquals(result, 300);
      return await readFile(path);
    };
    const [plain, packed, again] = [await written("a.csv"), await written("a.csv.gz"), await written("b.GZ")];
    assertEquals(plain.toString(), pieces.join(""));
    assertEquals(gunzipSync(packed).toString(), pieces.join(""));
    assertEquals(packed.equals(again), true);
  }));

Deno.test("writePieces() leaves no file if its pieces end early, also compressed", () =>
  inTemporaryDirectory(async (directory) => {
    for (const name of ["a.csv", "a.csv.gz"]) {
      const failing = writePieces(join(directory, name), async (write) => {
        await write("text");
        throw new Error("no more");
      });
      await assertRejects(() => failing, Error, "no more");
    }
    assertEquals(await readdir(directory), []);
  }));

optionalTest(existsSync("/dev/full") ? undefined : "there is no /dev/full", {
  name: "writePieces() says why a compressed file cannot be written",
  fn: () =>
    inTemporaryDirectory(async (directory) => {
      const temporary = join(directory, "a.tmp");
      await symlink("/dev/full", temporary);
      const failing = writePieces(join(directory, "a.gz"), async (write) => {
        for (let at = 0; at < 100; at++) await write(crypto.getRandomValues(new Uint8Array(60_000)));
      }, temporary);
      await assertRejects(() => failing, Error, "ENOSPC");
      assertEquals(await readdir(directory), []);
    }),
});

Deno.test("readJson() returns what writeJson() was given", () =>
  inTemporaryDirectory(async (directory) => {
    const value = { a: [1, "two", null], b: { c: true } };
    await writeJson(join(directory, "x.json"), value);
    assertEquals(await readJson(join(directory, "x.json"), z.unknown()), value);
  }));

Deno.test("readJson() names a file that is no JSON, and throws the system's error for a missing file", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "x.json");
    const error = await assertRejects(() => readJson(path, z.unknown()), Error);
    assertEquals(errorCode(error), "ENOENT");
    await writeFile(path, "{");
    await assertRejects(() => readJson(path, z.unknown()), RangeError, `Cannot read "${path}": it is not JSON`);
  }));

Deno.test("readJson() names file and field of another shape, the value and what was expected", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "x.json");
    const schema = z.strictObject({ rows: z.int(), parts: z.array(z.object({ role: z.enum(["training", "test"]) })) });
    const cases: [value: unknown, reason: string][] = [
      [{ rows: "7", parts: [] }, 'rows is "7": expected a number'],
      [{ rows: 7 }, "parts is undefined: expected an array"],
      [{ rows: 7, parts: [{ role: "test" }, { role: "tset" }] }, 'parts.1.role is "tset": expected training or test'],
      [{ rows: 7, parts: [], size: 1 }, 'it has "size", which this version does not know'],
      [[], "it is []: expected an object"],
      [null, "it is null: expected an object"],
    ];
    for (const [value, reason] of cases) {
      await writeJson(path, value);
      const error = await assertRejects(() => readJson(path, schema), DamagedFile);
      assertStringIncludes(error.message, `Cannot read "${path}": ${reason}`);
    }
  }));

Deno.test("readBytes() and readJson() name a directory", () =>
  inTemporaryDirectory(async (directory) => {
    for (const read of [() => readBytes(directory), () => readJson(directory, z.unknown())]) {
      await assertRejects(read, DamagedFile, `Cannot read "${directory}": it is a directory`);
    }
  }));

Deno.test("makeDirectory() says whether it made one", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "new");
    assertEquals([await makeDirectory(path), await makeDirectory(path)], [true, false]);
    await assertRejects(() => makeDirectory(join(directory, "no", "parent")), Error, "ENOENT");
  }));

Deno.test("errorCode() is undefined for errors without a code", () => {
  assertEquals([errorCode(new Error("x")), errorCode("ENOENT"), errorCode(undefined)], [
    undefined,
    undefined,
    undefined,
  ]);
});
