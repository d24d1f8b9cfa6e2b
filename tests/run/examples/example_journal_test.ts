import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import type { NewExample } from "../../../lib/predict/labelling.ts";
import { ExampleJournal } from "../../../lib/run/examples/example_journal.ts";
import { DamagedFile } from "../../../lib/base/errors.ts";
import { readRows } from "../../../lib/formats/rows.ts";
import { rowShape } from "../../../lib/config/data_shape.ts";
import { z } from "zod";
import { inTemporaryDirectory } from "../temporary.ts";

const example = (text: string, ...labels: string[]): NewExample => ({
  row: { text, label: labels.length === 1 ? labels[0] : labels },
  labels,
  who: "ann",
});

const linesOf = async (directory: string) => (await Deno.readTextFile(join(directory, "examples.jsonl"))).split("\n");

async function using(directory: string, use: (journal: ExampleJournal) => Promise<void>, most?: number) {
  const journal = new ExampleJournal(directory, "label", most);
  try {
    await use(journal);
  } finally {
    await journal.close();
  }
}

Deno.test("ExampleJournal writes rows that training reads, and counts on after it is opened again", () =>
  inTemporaryDirectory(async (directory) => {
    await using(directory, async (journal) => {
      assertEquals(await journal.add([example("card lost", "card"), example("two\nlines", "bill")]), [1, 2]);
    });
    await using(directory, async (journal) => {
      assertEquals(await journal.add([example("card stolen", "card")]), [3]);
      const overview = await journal.overview();
      assert(typeof overview !== "string");
      assertEquals(overview.count, 3);
      assertEquals(overview.labels, [{ label: "card", count: 2 }, { label: "bill", count: 1 }]);
      assertEquals(overview.newest.map(({ text, example: { id, who } }) => [id, text, who]), [
        [3, "card stolen", "ann"],
        [2, "two\nlines", "ann"],
        [1, "card lost", "ann"],
      ]);
    });
    const options = z.object(rowShape).parse({});
    const rows = await Array.fromAsync(readRows([join(directory, "examples.jsonl")], options));
    assertEquals(rows.map((row) => "text" in row && [row.text, row.label]), [
      ["card lost", "card"],
      ["two\nlines", "bill"],
      ["card stolen", "card"],
    ]);
  }));

Deno.test("ExampleJournal gives every example of many senders an id of its own", () =>
  inTemporaryDirectory((directory) =>
    using(directory, async (journal) => {
      const texts = Array.from({ length: 200 }, (_, at) => `text ${at}`);
      const ids = (await Promise.all(texts.map((text) => journal.add([example(text, "x")])))).flat();
      assertEquals(ids, texts.map((_, at) => at + 1));
      const lines = await linesOf(directory);
      assertEquals(lines.slice(0, -1).map((line) => JSON.parse(line).text), texts);
    })
  ));

Deno.test("ExampleJournal drops the part of a line that a killed process left", () =>
  inTemporaryDirectory(async (directory) => {
    await using(directory, async (journal) => void await journal.add([example("one", "a"), example("two", "b")]));
    const path = join(directory, "examples.jsonl");
    const whole = await Deno.readTextFile(path);
    for (const cut of [1, 20, whole.length - whole.indexOf("\n") - 2]) {
      await Deno.writeTextFile(path, whole.slice(0, -cut));
      await using(directory, async (journal) => assertEquals(await journal.add([example("three", "c")]), [2]));
      assertEquals((await linesOf(directory)).slice(0, -1).map((line) => JSON.parse(line).text), ["one", "three"]);
    }
    await Deno.writeTextFile(path, whole.slice(0, 10));
    await using(directory, async (journal) => assertEquals(await journal.add([example("first", "c")]), [1]));
  }));

Deno.test("ExampleJournal removes an example and keeps all others unchanged", () =>
  inTemporaryDirectory((directory) =>
    using(directory, async (journal) => {
      await journal.add([example("one", "a"), example("two", "b"), example("three", "a")]);
      const before = await linesOf(directory);
      assertEquals(await journal.remove(2), true);
      assertEquals(await journal.remove(2), false);
      assertEquals(await linesOf(directory), before.filter((line) => !line.includes("two")));
      assertEquals(await journal.add([example("four", "b")]), [4]);
      const overview = await journal.overview();
      assert(typeof overview !== "string");
      assertEquals(overview.labels, [{ label: "a", count: 2 }, { label: "b", count: 1 }]);
    })
  ));

Deno.test("ExampleJournal never gives the id of a removed example again, also not to another process", () =>
  inTemporaryDirectory(async (directory) => {
    await using(directory, async (journal) => {
      await journal.add([example("one", "a"), example("two", "b")]);
      assertEquals(await journal.remove(2), true);
    });
    await using(directory, async (journal) => assertEquals(await journal.add([example("three", "c")]), [3]));
  }));

Deno.test("ExampleJournal counts and copies the examples after another one", () =>
  inTemporaryDirectory((directory) =>
    using(directory, async (journal) => {
      assertEquals(await journal.after(0), { count: 0, last: 0 });
      await journal.add(["one", "two", "three", "four"].map((text) => example(text, "a")));
      await journal.remove(3);
      assertEquals(await journal.after(1), { count: 2, last: 4 });
      assertEquals(await journal.after(4), { count: 0, last: 4 });
      await journal.add([example("five", "b")]);
      const copy = join(directory, "copy.jsonl");
      await journal.copy(1, 4, copy);
      const [, two, four] = await linesOf(directory);
      assertEquals(await Deno.readTextFile(copy), `${two}\n${four}\n`);
    })
  ));

Deno.test("ExampleJournal refuses a second writer until the first closes", () =>
  inTemporaryDirectory(async (directory) => {
    await using(directory, async (first) => {
      assertEquals(await first.add([example("one", "a")]), [1]);
      await using(directory, async (second) => {
        assertEquals(await second.add([example("two", "b")]), "busy");
        assertEquals(await second.overview(), "busy");
        assertEquals(await second.remove(1), "busy");
      });
    });
    await using(directory, async (second) => assertEquals(await second.add([example("two", "b")]), [2]));
  }));

Deno.test("ExampleJournal is full at its limit, and adds all rows of a request or none", () =>
  inTemporaryDirectory((directory) =>
    using(directory, async (journal) => {
      assertEquals(await journal.add([example("one", "a")]), [1]);
      assertEquals(await journal.add([example("two", "b"), example("x".repeat(200), "b")]), "full");
      assertEquals(await journal.add([example("two", "b")]), [2]);
      assertEquals((await linesOf(directory)).length, 3);
    }, 300)
  ));

Deno.test("ExampleJournal names a line that is no example, and changes nothing", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "examples.jsonl");
    for (const bad of ["null", "{}", '{"example": {"id": 0}}', "[", '{"example": {"id": "1", "at": "now"}}']) {
      const text = `{"text":"a","label":"b","example":{"id":1,"at":"2026-01-02T03:04:05.000Z"}}\n${bad}\n`;
      await Deno.writeTextFile(path, text);
      await using(directory, async (journal) => {
        await assertRejects(() => journal.add([example("one", "a")]), DamagedFile, "line 2 is no example");
        await assertRejects(() => journal.overview(), DamagedFile, "line 2 is no example");
      });
      assertEquals(await Deno.readTextFile(path), text);
    }
  }));

Deno.test("ExampleJournal refuses a device or a folder in place of its file", () =>
  inTemporaryDirectory(async (directory) => {
    await Deno.mkdir(join(directory, "examples.jsonl"));
    await using(directory, async (journal) => void await assertRejects(() => journal.add([example("one", "a")])));
    await Deno.remove(join(directory, "examples.jsonl"));
    await Deno.symlink("/dev/full", join(directory, "examples.jsonl"));
    await using(directory, async (journal) => {
      await assertRejects(() => journal.add([example("one", "a")]), DamagedFile, "no regular file");
    });
  }));
