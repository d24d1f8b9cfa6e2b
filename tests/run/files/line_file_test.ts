import { assertEquals, assertRejects } from "@std/assert";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { DamagedFile, InputError } from "../../../lib/base/errors.ts";
import { LineFile, readLines } from "../../../lib/run/files/line_file.ts";
import { inTemporaryDirectory } from "../temporary.ts";

const schema = z.strictObject({ text: z.string() });

Deno.test("LineFile keeps lines in their order, over several openings and a torn one", () =>
  inTemporaryDirectory(async (folder) => {
    const path = join(folder, "lines.jsonl");
    const first = await LineFile.open(path, schema);
    await Promise.all(["one", "two\n", "“three”"].map((text) => first.add({ text })));
    await assertRejects(() => LineFile.open(path, schema), InputError, "in use");
    await first.close();
    const whole = await readFile(path, "utf8");
    await writeFile(path, `${whole}{"text":"fo`);
    assertEquals((await readLines(path, schema)).length, 3);
    const second = await LineFile.open(path, schema);
    await second.add({ text: "four" });
    assertEquals(second.lines.map(({ text }) => text), ["one", "two\n", "“three”", "four"]);
    await second.close();
    assertEquals(await readFile(path, "utf8"), `${whole}{"text":"four"}\n`);
  }));

Deno.test("LineFile.open() names a line that is damaged, and opens no folder and no device", () =>
  inTemporaryDirectory(async (folder) => {
    const path = join(folder, "lines.jsonl");
    await writeFile(path, '{"text":"a"}\n{"text":\n');
    await assertRejects(() => LineFile.open(path, schema), DamagedFile, "line 2 is not JSON");
    await writeFile(path, '{"text":1}\n');
    await assertRejects(() => LineFile.open(path, schema), DamagedFile, "text");
    // A file that could not be opened is not locked.
    await writeFile(path, "");
    await (await LineFile.open(path, schema)).close();
    await mkdir(join(folder, "folder"));
    await assertRejects(() => LineFile.open(join(folder, "folder"), schema));
    await symlink("/dev/full", join(folder, "device"));
    await assertRejects(() => LineFile.open(join(folder, "device"), schema), DamagedFile, "no regular file");
  }));
