import { assertEquals, assertRejects } from "@std/assert";
import { readConfigFile } from "../../../lib/cli/arguments/arguments.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { bytesOf, withFiles } from "../../data/reading.ts";

function utf16(text: string, littleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * text.length));
  for (let at = 0; at < text.length; at++) view.setUint16(2 * at, text.charCodeAt(at), littleEndian);
  return new Uint8Array(view.buffer);
}

Deno.test("readConfigFile() takes a byte order mark, of UTF-8 and of UTF-16", async () => {
  const json = '\uFEFF{"seed": 7}';
  const files = { "a.json": bytesOf(json), "b.json": utf16(json, true), "c.json": utf16(json, false) };
  await withFiles(files, async (folder) => {
    for (const name of Object.keys(files)) {
      assertEquals((await readConfigFile(`${folder}/${name}`)).values, { seed: 7 });
    }
  });
});

Deno.test("readConfigFile() names a file that is no JSON", async () => {
  await withFiles({ "a.json": "\uFEFFseed" }, async (folder) => {
    await assertRejects(
      () => readConfigFile(`${folder}/a.json`),
      InputError,
      `Cannot read the config file "${folder}/a`,
    );
  });
});
