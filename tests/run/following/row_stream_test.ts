import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { InputError } from "../../../lib/base/errors.ts";
import { RowStream } from "../../../lib/run/following/row_stream.ts";
import { StreamJournal } from "../../../lib/run/following/stream_journal.ts";
import { bytesOf, options } from "../../data/reading.ts";
import { inTemporaryDirectory } from "../temporary.ts";

const OPTIONS = { rows: 50, window: 100, given: { seed: 3 } };

const row = (at: number) => JSON.stringify({ text: `row ${at}`, label: at % 2 === 0 ? "even" : "odd" });

/** Yields `count` rows, `size` a chunk, and counts those that were asked for. */
function counted(count: number, size: number) {
  const read = { rows: 0 };
  async function* chunks() {
    while (read.rows < count) {
      const lines = Array.from({ length: size }, (_, at) => `${row(read.rows + at)}\n`).join("");
      read.rows += size;
      yield await Promise.resolve(bytesOf(lines));
    }
  }
  return { read, chunks };
}

function openStream(journal: StreamJournal, chunks: () => AsyncIterable<Uint8Array>): Promise<RowStream> {
  const reading = { ...options(), format: "jsonl", labels: "one" } as const;
  const source = { name: "-", bytes: chunks, isFinite: true, reading, signal: new AbortController().signal };
  return RowStream.open({ journal, source, onBadRow: "stop", native: undefined, note: () => {}, onRows: () => {} });
}

Deno.test("RowStream reads no more than one chunk ahead of a segment, however long the stream is", () =>
  inTemporaryDirectory(async (folder) => {
    const journal = await StreamJournal.open(folder, OPTIONS);
    const { read, chunks } = counted(100_000, 40);
    const stream = await openStream(journal, chunks);
    await stream.use(undefined);
    for (let segment = 1; segment <= 20; segment++) {
      assert(await stream.fill());
      assert(read.rows - 50 * segment <= 2 * 40, `${read.rows} rows are read after segment ${segment}`);
      await stream.end(null, null);
      await journal.clean(2, 2);
      await stream.use(undefined);
    }
    assertEquals([journal.rows, journal.segment, journal.room], [1000, 21, 50]);
    assertEquals((await Array.fromAsync(Deno.readDir(join(folder, "segments")))).length, 3);
    await journal.close();
  }));

Deno.test("StreamJournal continues behind the last whole row, and remembers the newest 200 segments", () =>
  inTemporaryDirectory(async (folder) => {
    const measures = { rows: 0, right: 0, weight: 0, since: 0, mean: 0, sum: 0, least: 0 };
    const rows = Array.from({ length: 50 }, (_, at) => row(at));
    const first = await StreamJournal.open(folder, OPTIONS);
    for (let segment = 1; segment <= 205; segment++) {
      await first.add(rows);
      await first.end({ run: null, digest: null, measures, drifts: [], rowsPerSecond: 1, line: 50 * segment });
      await first.clean(2, 2);
    }
    await first.add(rows.slice(0, 3));
    await first.begin("20261129-185618-riwx");
    await assertRejects(() => StreamJournal.open(folder, OPTIONS), InputError, "is in use");
    await first.close();
    const path = join(folder, "segments", "00000206.jsonl");
    await Deno.writeTextFile(path, '{"text": "hal', { append: true });
    const again = await StreamJournal.open(folder, OPTIONS);
    assertEquals([again.rows, again.room, again.learnt.length, again.unfinished], [
      50 * 205 + 3,
      47,
      200,
      "20261129-185618-riwx",
    ]);
    assertEquals(again.taken, { base: 0, lines: 50 * 205, rows: 3 });
    await again.add([row(3)]);
    assertEquals(await Deno.readTextFile(path), [0, 1, 2, 3].map((at) => `${row(at)}\n`).join(""));
    await again.close();
    await assertRejects(() => StreamJournal.open(folder, { ...OPTIONS, window: 200 }), InputError, "other options");
  }));

Deno.test("writeWindow() keeps validation rows apart in all windows, and begins at a drift", () =>
  inTemporaryDirectory(async (folder) => {
    const journal = await StreamJournal.open(folder, OPTIONS);
    const measures = { rows: 0, right: 0, weight: 0, since: 0, mean: 0, sum: 0, least: 0 };
    const learnt = { run: null, digest: null, measures, drifts: [], rowsPerSecond: 1, line: 0 };
    const labelOf = (line: string) => String(JSON.parse(line).label);
    const textsIn = async (path: string) =>
      (await Deno.readTextFile(path)).split("\n").slice(0, -1).map((line) => Number(JSON.parse(line).text.slice(4)));
    const validation = new Set<number>();
    const training = new Set<number>();
    for (let segment = 0; segment < 4; segment++) {
      await journal.add(Array.from({ length: 50 }, (_, at) => row(50 * segment + at)));
      const window = await journal.writeWindow(labelOf, []);
      assertEquals(window.labels, 2);
      const [rows, apart] = [await textsIn(window.training), await textsIn(window.validation)];
      assertEquals(rows.length + apart.length, segment === 0 ? 50 : 100);
      for (const one of apart) validation.add(one);
      for (const one of rows) training.add(one);
      if (segment < 3) await journal.end(learnt);
    }
    assertEquals(validation.size, 20);
    assertEquals(validation.intersection(training).size, 0);
    const after = await journal.writeWindow(labelOf, [], 160);
    assertEquals((await textsIn(after.training)).length, 45);
    await journal.close();
  }));
