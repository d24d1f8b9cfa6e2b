import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { bytesOf, pieces } from "../../data/reading.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { fakeTerminal } from "../terminal/fake_terminal.ts";
import { ROOT } from "../process.ts";
import { answersOf, ask, withModel, WORDS } from "../saved_model.ts";

/** Returns the share of unknown tokens of each answer, or the line and error of a refused one. */
const brief = (said: { out: string }) =>
  answersOf(said).map(({ error, unknownShare, line }) => error === undefined ? unknownShare : [line, error]);

Deno.test("predict answers each line of standard input with one, blank ones too, in any chunks", () =>
  withModel(WORDS, async (_, run) => {
    const said = await ask([run], "the kettle was lovely\n\nthe lamp ? ?\r\n   \nkettle");
    assertEquals([said.end, said.notes], [0, []]);
    assertEquals(brief(said), [0, 1, 0.5, 1, 0]);
    const [first, , , , last] = answersOf(said);
    assertEquals(Object.keys(first!), [
      "class",
      "label",
      "probabilities",
      "unknownShare",
      "truncated",
      "round",
      "digest",
    ]);
    assert(first!.probabilities !== last!.probabilities);
    async function* slowly() {
      for (const byte of bytesOf("the kettle was lovely\n\nthe lamp ? ?\r\n   \nkettle")) yield Uint8Array.of(byte);
    }
    assertEquals((await ask([run], slowly())).out, said.out);
    assertEquals((await ask([run], "")).out, "");
    assertEquals(brief(await ask([run], "\n")), [1]);
  }));

Deno.test("predict answers a line before the next one comes", () =>
  withModel(WORDS, async (_, run) => {
    const seen: number[] = [];
    async function* talk() {
      for (const line of ["the kettle\n", "lamp\nthe", " lamp\n"]) {
        yield bytesOf(line);
        // A command that reads more has answered all complete lines.
        seen.push(terminal.stdout().split("\n").length - 1);
      }
    }
    const { predictCommand } = await import("../../../lib/cli/commands/predict.ts");
    const terminal = fakeTerminal();
    assertEquals(await predictCommand([run], { terminal, input: talk() }), 0);
    assertEquals(seen, [1, 2, 3]);
  }));

Deno.test("predict reads standard input as data: gzip, BOM, and U+2028 within lines", () =>
  withModel(WORDS, async (_, run) => {
    const text = "\uFEFFthe kettle\nthe\u2028lamp\u2029was\u0085broken\n";
    const said = await ask([run], text);
    assertEquals(brief(said), [0, 0]);
    assertEquals((await ask([run], gzipSync(text))).out, said.out);
    const wide = new Uint8Array(new Uint16Array([...text].map((unit) => unit.charCodeAt(0))).buffer);
    assertMatch(
      String((await ask([run], wide)).end),
      /^Cannot read standard input: it is UTF-16LE, expected UTF-8. Convert it/,
    );
    const latin = Uint8Array.from("the kettle\ncaf\xe9\nlamp\n", (unit) => unit.charCodeAt(0));
    const refused = await ask([run], latin);
    assertEquals(brief(refused), [
      0,
      [2, "line 2 contains bytes that are not UTF-8: convert the file, for example with iconv -f LATIN1 -t UTF-8"],
      0,
    ]);
    assertMatch(String(refused.end), /^1 of 3 lines was refused, the first: line 2 contains bytes/);
  }));

Deno.test("predict answers a line that it refuses with an error, and reads on", () =>
  withModel(WORDS, async (_, run) => {
    const long = "x".repeat(10_000_001);
    const said = await ask([run], `the\na\0b\n${long}\nlamp ${"kettle ".repeat(30_000)}\n`);
    assertEquals(brief(said), [
      0,
      [2, "line 2 contains a NUL byte, expected text"],
      [3, "line 3 is longer than 10,000,000 characters"],
      0,
    ]);
    assertEquals(said.end, "2 of 4 lines were refused, the first: line 2 contains a NUL byte, expected text");
  }));

Deno.test("predict reads lines that are JSON objects with a text or tokens as such, and no others", () =>
  withModel(WORDS, async (_, run) => {
    const lines = [
      '{"text": "the kettle", "id": 7}',
      '{"tokens": ["lamp", "was"]}',
      '{"text": 7}',
      '{"message": "the"}',
      "{the kettle}",
    ];
    const said = await ask([run], lines.join("\n"));
    assertEquals(brief(said), [
      0,
      0,
      [3, 'line 3 has 7 for "text", expected a text or a list of tokens'],
      1,
      0.5,
    ]);
    const [text] = answersOf(said);
    assertEquals(text, answersOf(await ask([run], "the kettle"))[0]);
  }));

Deno.test("predict refuses a table on standard input, and says how it is read", () =>
  withModel(WORDS, async (_, run) => {
    for (const head of ["text,label", "id,Text\r", '"id";"text"', "day\ttext\tlabel", "__label__good the kettle"]) {
      const { end, out } = await ask([run], `${head}\nthe kettle,good\n`);
      assertMatch(String(end), /^standard input begins with .*: set `data` to - to read it as rows/);
      assertEquals(out, "");
    }
    for (const text of ["text", "text, please", "a text,,", "hello,label", "my text"]) {
      assertEquals((await ask([run], `${text}\n`)).end, 0, text);
    }
  }));

Deno.test("predict --data answers the rows of files by line, label and probabilities with names", () =>
  withModel(WORDS, async (folder, run) => {
    const file = `${folder}/new.csv`;
    await Deno.writeTextFile(file, 'id,text\n1,"the kettle\n, was"\n2,lamp,broken\n\n3,\n');
    const said = await ask([run, "--data", file]);
    const [first, second, third, ...more] = answersOf(said);
    const [odd] = answersOf(await ask([run], "the kettle , was"));
    const [a, b] = odd!.probabilities as number[];
    assertEquals(first, {
      row: 1,
      line: 2,
      label: odd!.label,
      probabilities: { odd: a, even: b },
      unknownShare: 0.25,
      truncated: false,
    });
    assertEquals(second, {
      line: 4,
      error: `${file}:4 has 3 fields, expected 2 (id, text): quote fields that contain ","`,
    });
    assertEquals([third!.row, third!.line, third!.unknownShare, more.length], [3, 6, 1, 0]);
    assertStringIncludes(String(said.end), "1 of 3 lines was refused, the first: ");

    const lines = `${folder}/new.jsonl`;
    await Deno.writeTextFile(lines, '{"tokens":["the"]}\n');
    const both = answersOf(await ask([run, "--data", file, lines]));
    assertEquals(both.map(({ file, row, line }) => [file, row, line]), [
      [file, 1, 2],
      [undefined, undefined, 4],
      [file, 3, 6],
      [lines, 4, 1],
    ]);
    const piped = await ask([run, "--data", "-"], "label,text\nx,the kettle\n");
    assertEquals(answersOf(piped).map(({ line, unknownShare }) => [line, unknownShare]), [[2, 0]]);
    assertEquals(
      (await ask([run, "--data", file, "--text-column", "body"])).end.toString().slice(0, 60),
      `Cannot read "${file}": it has no column "body", only "id", "text"`.slice(0, 60),
    );
  }));

Deno.test("predict --data reads the columns that the run was trained on", () =>
  withModel(WORDS, async (folder, run) => {
    const file = `${folder}/new.csv`;
    await Deno.writeTextFile(file, "id;body\n1;the kettle\n");
    assertEquals(answersOf(await ask([run, "--data", file])).map(({ unknownShare }) => unknownShare), [0]);
    assertMatch(
      String((await ask([run], "id;body\n1;the kettle\n")).end),
      /^standard input begins with the column names/,
    );
  }, { change: { textColumn: "body", labelColumn: "kind" } }));

Deno.test("predict never classifies the name of a file as a text", () =>
  withModel(WORDS, async (folder, run) => {
    const file = `${folder}/rows`;
    await Deno.writeTextFile(file, "text\nthe\n");
    for (
      const [words, wanted] of [
        [
          ["/none/new.csv"],
          /^"\/none\/new.csv" is not an existing file: use --data FILE .*, or put a text with this name behind --$/,
        ],
        [[file, "and more"], /^".*rows" is a file, but not all arguments are: use --data FILE/],
        [
          [file],
          /rows" is a file\. Did you mean to write its rows .*: deno task predict RUN --data ".*rows" --out ".*rows\.labelled"; print/,
        ],
        [[file, file], /^".*rows", ".*rows" are files\. Did you mean to write .*RUN --data ".*rows";/],
      ] as const
    ) {
      const { end, out } = await ask([run, ...words]);
      assertMatch(String(end), wanted);
      assertEquals(out, "");
    }
    assertMatch((await ask([run, "--", "/none/new.csv"])).out, /^Class: /);
    assertMatch((await ask([run, "--", file])).out, /^Class: /);
    assertMatch((await ask([run, "see", "/none/new.csv"])).out, /^Class: /);
    assertMatch(
      String((await ask([run, "--data", file, "--", "a text"])).end),
      /^"a text" is a text, which --data and --out do not allow/,
    );
  }));

Deno.test("predict names -- for a text that begins with a dash, once", () =>
  withModel(WORDS, async (_, run) => {
    for (const text of ["-5 stars", "-x", "--no way", "-- the kettle"]) {
      const { end } = await ask([run, text]);
      assertEquals(String(end).split("\n").length, 1);
      assertMatch(
        String(end),
        /begins with a dash, as flags do: put texts behind --, as in deno task predict RUN -- "/,
      );
      assertMatch((await ask([run, "--", text])).out, /^Class: /);
    }
    assertMatch(String((await ask([run, "--dta", "x"])).end), /^Unknown flag --dta: did you mean --data\?/);
    const { end, out } = await ask(["--help"]);
    assertEquals(end, 0);
    assertStringIncludes(out, 'predict runs/latest -- "-5 stars"');
    assertStringIncludes(out, "--data FILE");
    for (const line of out.split("\n")) assert(line.length <= 96, line);
  }));

Deno.test("predict warns when most of a text is unknown, and masks what labels would do to a terminal", () =>
  withModel(WORDS, async (_, run) => {
    const strange = await ask([run, "add-to-cart", "pay:card"]);
    assertEquals(strange.notes, [
      "warning: 100% of the text's tokens are unknown to the model: the answer is not reliable",
    ]);
    const known = await ask([run, "the kettle was ?"]);
    assertEquals([known.end, known.notes], [0, []]);
    assertMatch(known.out, /^Class: \d \((a·\[31m·b|even)\) - Probabilities: a·\[31m·b \d+\.\d\d%, even \d+\.\d\d%\n$/);
  }, { labels: ["a\x1b[31m\nb", "even"] }));

Deno.test("predict answers lists of token ids, and refuses other lines", () =>
  withModel(undefined, async (_, run) => {
    const said = await ask([run], '1 2 3 4\n\n1,2,3,4\n[1, 2, 3, 4]\n{"tokens": [1, 2, 3, 4]}\n1 2\n1 2 3 x\n');
    const answers = answersOf(said);
    assertEquals(answers.map(({ error }) => error), [
      undefined,
      "line 2 has 0 tokens: expected a list of 4 tokens",
      undefined,
      undefined,
      undefined,
      "line 6 has 2 tokens: expected a list of 4 tokens",
      'line 7[3] is "x": expected a whole number from 0 to 11',
    ]);
    for (const at of [2, 3, 4]) assertEquals(answers[at], answers[0]);
    assertMatch((await ask([run, "1", "2", "3", "4"])).out, /^Class: /);
    assertMatch(String((await ask([run, "--data", "-"], "text\na\n")).end), /^Run r1 was not trained on files/);
  }));

Deno.test("predict answers every line once, with any bytes", () =>
  withModel(WORDS, async (_, run) => {
    const byte = fc.oneof(fc.constantFrom(13, 0, 0xC3, 0xA9, 0xE2, 0x80, 0xA8, 34, 44, 123, 125), fc.nat(255));
    const line = fc.array(byte.map((value) => value === 10 ? 32 : value), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), async (lines, size) => {
        const all = [[...bytesOf("the kettle")], ...lines].flatMap((line) => [...line, 10]);
        const { out, end } = await ask([run], pieces(Uint8Array.from(all), size));
        const answers = answersOf({ out });
        assertEquals(answers.length, lines.length + 1);
        const refused = answers.flatMap(({ error, line }, index) => error === undefined ? [] : [[line, index + 1]]);
        for (const [line, place] of refused) assertEquals(line, place);
        assertEquals(end === 0, refused.length === 0);
      }),
      { numRuns: 200, seed: 5 },
    );
  }));

Deno.test("predict answers while its input is open, and ends when its output is closed", () =>
  withModel(WORDS, async (folder, run) => {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-prompt", "-P=predict", `--allow-read=.,${folder}`, "main.ts", "predict", run],
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
      // It would not end by itself if it continued without a reader.
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).spawn();
    const writer = process.stdin.getWriter();
    const reader = process.stdout.getReader();
    for (const text of ["the kettle", "", "lamp"]) {
      await writer.write(bytesOf(`${text}\n`));
      const { value } = await reader.read();
      assertMatch(new TextDecoder().decode(value), /^\{"class":\d,.*\}\n$/);
    }
    await reader.cancel();
    const endless = (async () => {
      for (;;) await writer.write(bytesOf("the kettle was lovely\n".repeat(1000)));
    })().catch(() => {});
    assertEquals((await process.status).code, 0);
    await endless;
  }));

Deno.test("predict --explain lists what each token adds, in a line of JSON as reasons", () =>
  withModel(WORDS, async (_, run) => {
    const { out, end } = await ask([run, "--explain", "the kettle was"]);
    assertEquals(end, 0);
    assertMatch(
      out,
      /^Class: .*\nReasons: log-odds \+0\.\d\d of (odd|even) against (odd|even)\n( {2}.*[+-]\d\.\d\d\n){4}$/,
    );
    const [answer] = answersOf(await ask([run, "--explain"], "the kettle was\n"));
    assertEquals(Object.keys(Object(answer!.reasons)), ["label", "against", "logOdds", "rest", "tokens", "ngrams"]);
    const refused = await ask([run, "--explain", "--data", "-", "--out", "-"], "text\nthe\n");
    assertMatch(String(refused.end), /^--out has no column for reasons/);
  }));
