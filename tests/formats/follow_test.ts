import { assert, assertEquals, assertRejects } from "@std/assert";
import { followFile } from "../../lib/formats/follow.ts";
import { InputError } from "../../lib/base/errors.ts";
import { within } from "../../lib/base/waiting.ts";
import { PATIENCE_MS } from "../patience.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";

/** Gives `use` the path of a file that begins with `text`, and a function that waits until all that was followed is a text. */
async function followed(
  text: string,
  use: (path: string, reads: (wanted: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  await inTemporaryDirectory(async (folder) => {
    const path = `${folder}/rows.jsonl`;
    await Deno.writeTextFile(path, text);
    const ending = new AbortController();
    const chunks = followFile(path, ending.signal);
    let all = "";
    const reads = async (wanted: string) => {
      while (all.length < wanted.length) {
        const next = await within(PATIENCE_MS, chunks.next(), undefined);
        assert(next !== undefined && !next.done, `Only ${JSON.stringify(all)} was read`);
        all += new TextDecoder().decode(next.value);
      }
      assertEquals(all, wanted);
    };
    await use(path, reads);
    const last = chunks.next();
    ending.abort();
    assertEquals(await last, { done: true, value: undefined });
  });
}

const append = { append: true };

Deno.test("followFile() reads what a file has, and then what is appended, in halves of lines too", () =>
  followed("one\ntw", async (path, reads) => {
    await reads("one\ntw");
    await Deno.writeTextFile(path, "o\n", append);
    await reads("one\ntwo\n");
    await Deno.writeTextFile(path, "three\nfour\n", append);
    await reads("one\ntwo\nthree\nfour\n");
  }));

Deno.test("followFile() reads an old file to its end, and then the one that has its name", () =>
  followed("one\ntw", async (path, reads) => {
    await reads("one\ntw");
    await Deno.writeTextFile(path, "o", append);
    await Deno.rename(path, `${path}.1`);
    await Deno.writeTextFile(path, "three\n");
    await reads("one\ntwo\nthree\n");
    await Deno.remove(path);
    await Deno.writeTextFile(path, "four\n");
    await reads("one\ntwo\nthree\nfour\n");
  }));

Deno.test("followFile() stays with the file while its name is gone", () =>
  followed("one\n", async (path, reads) => {
    await reads("one\n");
    await Deno.rename(path, `${path}.1`);
    await Deno.writeTextFile(`${path}.1`, "two\n", append);
    await reads("one\ntwo\n");
    await Deno.writeTextFile(`${path}.new`, "three\n");
    await Deno.rename(`${path}.new`, path);
    await reads("one\ntwo\nthree\n");
  }));

Deno.test("followFile() begins again when the file is truncated, and ends an open line before", () =>
  followed("one\ntwo and more", async (path, reads) => {
    await reads("one\ntwo and more");
    await Deno.writeTextFile(path, "three\n");
    await reads("one\ntwo and more\nthree\n");
  }));

Deno.test("followFile() reads at most one chunk of a large file before it is asked again", () =>
  followed("x".repeat(200_000), async (path, reads) => {
    const chunks = followFile(path);
    const { value } = await chunks.next();
    assertEquals(value?.length, 1 << 16);
    await chunks.return();
    await reads("x".repeat(200_000));
  }));

Deno.test("followFile() refuses a file that does not exist, and what is no file", () =>
  inTemporaryDirectory(async (folder) => {
    const missing = followFile(`${folder}/none.jsonl`);
    await assertRejects(() => missing.next(), InputError, 'none.jsonl": there is no such file');
    await assertRejects(() => followFile(folder).next(), InputError, "it is no regular file");
  }));
