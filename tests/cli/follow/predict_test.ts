import { assert, assertEquals, assertMatch } from "@std/assert";
import { predictCommand } from "../../../lib/cli/commands/predict.ts";
import { within } from "../../../lib/base/waiting.ts";
import { bytesOf } from "../../data/reading.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { start } from "../process.ts";
import { answersOf, ask, withModel, WORDS } from "../saved_model.ts";
import { fakeTerminal } from "../terminal/fake_terminal.ts";

Deno.test("predict --follow answers lines of standard input as predict without it does", () =>
  withModel(WORDS, async (_, run) => {
    const text = 'the kettle\n{"text": "lamp"}\n\nbroken lamp';
    const said = await ask([run, "--follow"], text);
    assertEquals([said.end, answersOf(said).length], [0, 4]);
    assertEquals(said.out, (await ask([run], text)).out);
    assertEquals((await ask(["--follow", "-", run], text)).out, said.out);
  }));

Deno.test("predict --follow reads one chunk ahead of the answers that are taken, in order", () =>
  withModel(WORDS, async (_, run) => {
    const [chunks, linesOfChunk] = [50, 20];
    let read = 0;
    async function* input() {
      for (; read < chunks;) {
        read++;
        yield await Promise.resolve(bytesOf("the kettle\nlamp\n".repeat(linesOfChunk / 2)));
      }
    }
    let answered = 0;
    const ahead: number[] = [];
    const stdout = {
      writeSync: () => 0,
      // A reader that is slow: everything else has many turns before it takes anything.
      async write(bytes: Uint8Array) {
        for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setTimeout(resolve));
        answered += new TextDecoder().decode(bytes).split("\n").length - 1;
        ahead.push(read * linesOfChunk - answered);
        return bytes.length;
      },
    };
    assertEquals(
      await predictCommand([run, "--follow", "-"], { terminal: fakeTerminal({ stdout }), input: input() }),
      0,
    );
    assertEquals(answered, chunks * linesOfChunk);
    assert(Math.max(...ahead) <= linesOfChunk, `${Math.max(...ahead)} rows were read ahead`);
  }));

Deno.test("predict --follow answers lines after a bad one, unless --on-bad-row says stop", () =>
  withModel(WORDS, async (_, run) => {
    const text = 'the\n{"text": 7}\nlamp\na\0b\n';
    const errors = [[2, 'line 2 has 7 for "text", expected a text or a list of tokens'], [
      4,
      "line 4 contains a NUL byte, expected text",
    ]];
    const said = await ask([run, "--follow"], text);
    const refused = (of: { out: string }) =>
      answersOf(of).flatMap(({ line, error }) => error === undefined ? [] : [[line, error]]);
    assertEquals([answersOf(said).length, refused(said)], [4, errors]);
    assertEquals(said.end, `2 of 4 lines were refused, the first: ${errors[0]![1]}`);
    const stopped = await ask([run, "--follow", "--on-bad-row", "stop"], text);
    assertEquals([answersOf(stopped).length, refused(stopped)], [2, errors.slice(0, 1)]);
    assertEquals(stopped.end, `1 of 2 lines was refused, the first: ${errors[0]![1]}`);
    const skipped = await ask([run, "--follow", "--on-bad-row", "skip"], text);
    assertEquals([skipped.end, skipped.out], [0, said.out]);
  }));

Deno.test("predict --follow refuses other sources beside it, tables, and a file that does not exist", () =>
  withModel(WORDS, async (folder, run) => {
    for (const other of [["--data", "x.csv"], ["a text"], ["--out", "-"], ["--", "a text"]]) {
      const { end } = await ask([run, "--follow", "-", ...other]);
      assertEquals(end, "--follow reads lines: expected no --data, --out or text with it");
    }
    await Deno.writeTextFile(`${folder}/a.csv`, "text,label\nthe,odd\n");
    const table = await ask([run, "--follow", `${folder}/a.csv`]);
    assertMatch(String(table.end), /a\.csv" begins with the column names "text,label", as .*: expected lines that are/);
    assertMatch(String((await ask([run, "--follow", `${folder}/none`])).end), /none": there is no such file/);
  }));

Deno.test("predict --follow FILE answers what is appended, also after rotation, until interrupted", () =>
  withModel(WORDS, async (folder, run) => {
    const file = `${folder}/lines.log`;
    await Deno.writeTextFile(file, "the kettle\nla");
    const process = start("predict", folder, [run, "--follow", file]);
    const answers = (count: number) => process.printed(new RegExp(`^(\\{"class".*\\}\\n){${count}}$`));
    await answers(1);
    await Deno.writeTextFile(file, "mp\n", { append: true });
    await answers(2);
    await Deno.rename(file, `${file}.1`);
    await Deno.writeTextFile(file, "the kettle\nhalf a li");
    const lines = (await answers(3)).split("\n");
    assertEquals(lines[2], lines[0]);
    const { code, stdout } = await process.signalled("SIGINT");
    assertEquals([code, stdout.split("\n").length - 1], [0, 3]);
  }));

Deno.test("predict --follow ends at interruptions though its answers are not taken", () =>
  withModel(WORDS, async (folder, run) => {
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-q",
        "--no-prompt",
        "-P=predict",
        `--allow-read=.,${folder}`,
        "main.ts",
        "predict",
        run,
        "--follow",
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).spawn();
    const writer = process.stdin.getWriter();
    const reader = process.stdout.getReader();
    const endless = (async () => {
      for (;;) await writer.write(bytesOf("the kettle was lovely\n".repeat(1000)));
    })().catch(() => {});
    await reader.read();
    // The first one waits for the reader, the second one does not: it counts as another one after half a second.
    const status = process.status;
    while (await within(100, status.then(() => true), false) === false) process.kill("SIGINT");
    assertEquals((await status).code, 130);
    await reader.cancel();
    await endless;
  }));
