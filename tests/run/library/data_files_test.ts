import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { InputError } from "../../../lib/base/errors.ts";
import { listDataFiles, previewDataFile } from "../../../lib/run/library/data_files.ts";
import { inTemporaryDirectory } from "../temporary.ts";

const TICKETS = "id,subject,queue\n1,where is my parcel today,shipping\n2,my card was charged twice,billing\n" +
  "3,the parcel is late again,shipping\n4,refund my money please,billing\n5,it was sent to a wrong address,shipping\n";

/** Makes a data directory with files of rows, and files that must not be shown. */
async function dataDirectory(directory: string): Promise<string> {
  const dataDir = join(directory, "data");
  await mkdir(join(dataDir, "more", ".hidden"), { recursive: true });
  await mkdir(join(dataDir, "20260101-000000-abcd"));
  await writeFile(join(directory, "secret.csv"), "text,label\nsecret,x\n");
  await symlink(join(directory, "secret.csv"), join(dataDir, "out.csv"));
  await symlink("/dev/zero", join(dataDir, "zero.csv"));
  await symlink(directory, join(dataDir, "up"));
  await symlink(join(dataDir, "tickets.csv"), join(dataDir, "in.csv"));
  for (const name of ["more/.hidden/x.csv", "20260101-000000-abcd/events.jsonl", "more/notes.md"]) {
    await writeFile(join(dataDir, name), "");
  }
  await writeFile(join(dataDir, "tickets.csv"), TICKETS);
  await writeFile(
    join(dataDir, "more", "rows.jsonl"),
    '{"body": "a text", "kind": "x", "n": [1]}\n{"kind": "y"}\n{"bo',
  );
  return dataDir;
}

Deno.test("listDataFiles() finds files of rows, and none that is hidden, of a run, or elsewhere", () =>
  inTemporaryDirectory(async (directory) => {
    const dataDir = await dataDirectory(directory);
    const bytes = TICKETS.length;
    assertEquals(await listDataFiles(dataDir), {
      files: [{ name: "in.csv", bytes }, { name: "more/rows.jsonl", bytes: 60 }, { name: "tickets.csv", bytes }],
      more: false,
    });
    for (const none of ["", join(directory, "gone")]) {
      assertEquals(await listDataFiles(none), { files: [], more: false });
    }
    await Promise.all(Array.from({ length: 1001 }, (_, at) => writeFile(join(dataDir, `many${at}.csv`), "")));
    const { files, more } = await listDataFiles(dataDir);
    assertEquals([files.length, more], [1000, true]);
  }));

Deno.test("previewDataFile() returns columns, first rows, and the likely text and label", () =>
  inTemporaryDirectory(async (directory) => {
    const dataDir = await dataDirectory(directory);
    const { columns, hasHeader, rows, textColumn, labelColumn, format, bytes } =
      (await previewDataFile(dataDir, "tickets.csv"))!;
    assertEquals([format, bytes, hasHeader, columns], ["csv", TICKETS.length, true, ["id", "subject", "queue"]]);
    assertEquals([rows.length, rows[0]], [5, ["1", "where is my parcel today", "shipping"]]);
    assertEquals([textColumn, labelColumn], ["subject", "queue"]);
    const json = await previewDataFile(dataDir, "more/rows.jsonl");
    assertEquals([json?.columns, json?.rows], [["body", "kind", "n"], [["a text", "x", "[1]"], ["", "y", ""]]]);
    await writeFile(join(dataDir, "bare.csv"), "spam,buy now\nham,see you\nspam,cheap pills\n");
    const bare = await previewDataFile(dataDir, "bare.csv");
    assertEquals([bare?.columns, bare?.hasHeader, bare?.rows[0]], [["1", "2"], false, ["spam", "buy now"]]);
    await writeFile(join(dataDir, "fast.txt"), "__label__a one\n__label__b two\n");
    assertEquals((await previewDataFile(dataDir, "fast.txt"))?.columns, []);
    await writeFile(join(dataDir, "packed.csv.gz"), gzipSync(TICKETS + "6,again,x\n".repeat(2_000_000)));
    assertEquals((await previewDataFile(dataDir, "packed.csv.gz"))?.columns, ["id", "subject", "queue"]);
    await writeFile(join(dataDir, "wide.csv"), `${"x".repeat(500_000)},b\n`);
    assert(JSON.stringify(await previewDataFile(dataDir, "wide.csv")).length < 1000);
  }));

Deno.test("previewDataFile() reads no file outside of the directory, and names none by its path", () =>
  inTemporaryDirectory(async (directory) => {
    const dataDir = await dataDirectory(directory);
    for (
      const name of ["../secret.csv", join(directory, "secret.csv"), "out.csv", "up/secret.csv", "zero.csv", "more"]
    ) {
      assertEquals(await previewDataFile(dataDir, name), undefined, name);
    }
    assertEquals(await previewDataFile("", "tickets.csv"), undefined);
    await writeFile(join(dataDir, "archive.csv"), "PK\x03\x04 and more");
    const error = await assertRejects(() => previewDataFile(dataDir, "archive.csv"), InputError);
    assertMatch(error.message, /^Cannot read "archive\.csv": it is a ZIP archive/);
    assertEquals(error.problems[0]?.field, "name");
  }));
