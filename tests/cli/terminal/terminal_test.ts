import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { evaluationReport } from "../../../lib/cli/terminal/evaluation_report.ts";
import { createTerminal, OutputError, type Stream } from "../../../lib/cli/terminal/terminal.ts";
import { fakeTerminal } from "./fake_terminal.ts";
import { anyCharacter } from "../../data/any_character.ts";

/** All that must not reach a terminal, or a log of lines, out of the text of others. */
// deno-lint-ignore no-control-regex
const STEERS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const nasty = "a\x1b[31mb\r\nc\u009b2Jd\u202ee\u2028f\u0007\ttail";

/** Makes a stream that accepts `bytes` and then fails, until it may accept more. */
function fullStream(bytes: number, error: Error = new Error("No space left on device (os error 28)")) {
  let text = "";
  let room = bytes;
  const stream: Stream = {
    writeSync(chunk) {
      if (room === 0) throw error;
      const taken = chunk.subarray(0, room);
      room -= taken.length;
      text += new TextDecoder().decode(taken);
      return taken.length;
    },
  };
  return { stream, text: () => text, free: () => room = Infinity };
}

Deno.test("a terminal prints any text as one line without control characters", () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: anyCharacter }), fc.constant(nasty)), (text) => {
    for (const columns of [undefined, 40]) {
      const terminal = fakeTerminal({ width: () => columns });
      terminal.line(text);
      terminal.note(text);
      for (const printed of [terminal.stdout(), terminal.stderr()]) {
        assertEquals([printed.split("\n").length, STEERS.test(printed)], [2, false], JSON.stringify(printed));
      }
    }
  }));
});

Deno.test("a terminal prints JSON without control characters that parses to the same value", () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: anyCharacter }), fc.constant(nasty)), (text) => {
    const terminal = fakeTerminal();
    terminal.json({ [text]: text });
    const printed = terminal.stdout();
    assertEquals([printed.split("\n").length, STEERS.test(printed)], [2, false]);
    assertEquals(JSON.parse(printed), { [text]: text });
  }));
});

Deno.test("a live line is cut at the width, and makes room for what is printed next on either stream", () => {
  const terminal = fakeTerminal({ width: () => 10 });
  terminal.live("0123456789");
  terminal.live("next");
  terminal.line("a line that stays");
  terminal.live("last");
  terminal.note("an error");
  assertEquals(terminal.stdout(), "\r\x1b[K01234567…\r\x1b[Knext\r\x1b[Ka line that stays\n\r\x1b[Klast\r\x1b[K");
  const piped = fakeTerminal();
  piped.live("never seen");
  assertEquals(piped.stdout(), "");
});

Deno.test("a command that outlives its output loses lines and says so once", () => {
  const full = fullStream(15);
  let stderr = "";
  const terminal = createTerminal({
    stdout: full.stream,
    stderr: { writeSync: (bytes) => (stderr += new TextDecoder().decode(bytes), bytes.length) },
    outlivesOutput: true,
  });
  for (const line of ["the first", "the second", "the third"]) terminal.line(line);
  full.free();
  terminal.line("the fourth");
  assertEquals(full.text(), "the first\nthe s\nthe fourth\n");
  assertEquals(
    stderr,
    "Cannot write to standard output: No space left on device (os error 28). Lines for it are lost; " +
      "the command continues\n",
  );
});

Deno.test("a command that only prints ends with an OutputError, which recognizes a closed pipe", () => {
  const end = (error: Error) => {
    const terminal = createTerminal({
      stdout: fullStream(3, error).stream,
      stderr: fullStream(9).stream,
      outlivesOutput: false,
    });
    return assertThrows(() => terminal.line("the first"), OutputError);
  };
  assertEquals(end(new Error("full")).message, "Cannot write to standard output: full");
  assertEquals([end(new Error("full")).isClosed, end(Object.assign(new Error("gone"), { code: "EPIPE" })).isClosed], [
    false,
    true,
  ]);
});

Deno.test("a full standard error ends no command; standard output says so, unless it has JSON", () => {
  for (const isJson of [false, true]) {
    let stdout = "";
    const terminal = createTerminal({
      stdout: { writeSync: (bytes) => (stdout += new TextDecoder().decode(bytes), bytes.length) },
      stderr: fullStream(0).stream,
      outlivesOutput: true,
    });
    if (isJson) terminal.json({});
    terminal.note("an access");
    terminal.note("another access");
    const told = "Cannot write to standard error: No space left on device (os error 28). Lines for it are lost\n";
    assertEquals(stdout, isJson ? "{}\n" : told);
  }
  const both = createTerminal({ stdout: fullStream(0).stream, stderr: fullStream(0).stream, outlivesOutput: true });
  both.note("lost");
  both.line("lost");
});

Deno.test("a report keeps its lines if labels and texts have line breaks and escape codes", () => {
  const classes = [nasty, "ham"].map((label) => ({ label, support: 1, precision: 1, recall: 1, f1: 1 }));
  const mistakes = [{ place: `${nasty}:3`, text: nasty, label: nasty, given: "ham", confidence: 1 }];
  const figures = { rows: 2, loss: 1, accuracy: 0.5, macroF1: 0.5, calibrationError: 0 };
  const judgement = { ...figures, classes, confusion: [[1, 0], [1, 0]], mistakes };
  const lines = evaluationReport(judgement, { tokens: 4, unknown: 0, truncated: 0, skipped: 0 }, {
    report: "short",
    width: undefined,
  });
  const terminal = fakeTerminal();
  for (const line of lines) terminal.line(line);
  assertEquals(terminal.stdout().split("\n").length, lines.length + 1);
  assertStringIncludes(terminal.stdout(), "a·[31mb··c·2Jd·e·f··tail     100.0%");
});
