import { assertEquals, assertRejects } from "@std/assert";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeJson } from "../../../lib/run/files/files.ts";
import { lockInTurn } from "../../../lib/run/files/lock.ts";
import { editNotes, readNotes } from "../../../lib/run/files/notes_file.ts";
import { inTemporaryDirectory } from "../temporary.ts";

Deno.test("editNotes() changes the given values, removes empty ones, and writes the file whole", () =>
  inTemporaryDirectory(async (directory) => {
    assertEquals(await readNotes(directory), {});
    await editNotes(directory, { name: "first", note: "two\nlines", tags: ["a", "b", "a"] });
    assertEquals(await editNotes(directory, { name: "" }), { note: "two\nlines", tags: ["a", "b"] });
    assertEquals(await readNotes(directory), { note: "two\nlines", tags: ["a", "b"] });
    assertEquals((await readdir(directory)).sort(), ["notes.json", "notes.lock"]);
  }));

Deno.test("editNotes() loses no value of many edits at once, and works after one that failed", () =>
  inTemporaryDirectory(async (directory) => {
    await assertRejects(() => editNotes(join(directory, "missing"), { name: "x" }));
    const many = Array.from({ length: 20 }, (_, index) => editNotes(directory, { note: `note ${index}` }));
    await Promise.all([...many, editNotes(directory, { name: "n" }), editNotes(directory, { tags: ["t"] })]);
    assertEquals(await readNotes(directory), { name: "n", note: "note 19", tags: ["t"] });
  }));

Deno.test("editNotes() keeps the values that another process writes meanwhile", () =>
  inTemporaryDirectory(async (directory) => {
    const other = await lockInTurn(join(directory, "notes.lock"));
    const edit = editNotes(directory, { name: "n" });
    // This takes a few turns, in which the edit would have read the notes if it did not wait.
    for (const note of ["one", "two", "three"]) await writeJson(join(directory, "notes.json"), { note });
    other.close();
    assertEquals(await edit, { name: "n", note: "three" });
  }));

Deno.test("editNotes() replaces a damaged file, which has no notes, and a link in its place", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "notes.json");
    for (const text of ["{", "[]", '{"name": 7}', '{"name": "a\\u0000b"}', '{"more": 1}', '{"tags": ["a,b"]}']) {
      await writeFile(path, text);
      assertEquals(await readNotes(directory), {}, text);
    }
    assertEquals(await editNotes(directory, { name: "new" }), { name: "new" });
    const other = join(directory, "other.json");
    await writeFile(other, "precious");
    const linked = join(directory, "linked");
    await Deno.mkdir(linked);
    await symlink(other, join(linked, "notes.json"));
    await editNotes(linked, { name: "new" });
    assertEquals([await readNotes(linked), await readFile(other, "utf8")], [{ name: "new" }, "precious"]);
  }));
