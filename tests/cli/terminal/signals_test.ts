import { assertEquals } from "@std/assert";
import { ONE_PRESS_MS, onInterruption } from "../../../lib/cli/terminal/signals.ts";

function fakeSignals(isOnTerminal = true) {
  const listeners = new Map<Deno.Signal, () => void>();
  let now = 1000;
  return {
    source: {
      add: (signal: Deno.Signal, listener: () => void) => void listeners.set(signal, listener),
      now: () => now,
      isOnTerminal,
    },
    send(signal: Deno.Signal, afterMs = 0) {
      now += afterMs;
      listeners.get(signal)?.();
    },
    names: () => [...listeners.keys()],
  };
}

function interruption(isOnTerminal?: boolean) {
  const signals = fakeSignals(isOnTerminal);
  let again = 0;
  const opened = onInterruption(() => again++, signals.source);
  return { ...signals, ...opened, again: () => again };
}

const presses: [what: string, signals: [Deno.Signal, number][]][] = [
  ["one press that arrives twice", [["SIGINT", 0], ["SIGINT", 0.8]]],
  ["a press and the task runner's SIGTERM", [["SIGINT", 0], ["SIGTERM", 3]]],
  ["a terminal that closes, for each of its processes", [["SIGHUP", 0], ["SIGHUP", 1], ["SIGHUP", 5000]]],
  ["a press, and the terminal that closes later", [["SIGINT", 0], ["SIGINT", 1], ["SIGHUP", 5000]]],
  ["a burst", [["SIGINT", 0], ["SIGINT", 100], ["SIGINT", 100], ["SIGINT", 100], ["SIGTERM", 100]]],
];
for (const [what, signals] of presses) {
  Deno.test(`onInterruption() counts as one press ${what}`, async () => {
    const { send, happened, signal, again } = interruption();
    for (const [name, afterMs] of signals) send(name, afterMs);
    await happened;
    assertEquals([signal.aborted, again()], [true, 0]);
  });
}

Deno.test("onInterruption() counts a signal half a second later as a second press, also after a key", () => {
  const pressed = interruption();
  pressed.send("SIGINT");
  pressed.send("SIGINT", 1);
  pressed.send("SIGINT", ONE_PRESS_MS);
  assertEquals(pressed.again(), 1);
  const keyed = interruption();
  keyed.interrupt();
  keyed.send("SIGINT", ONE_PRESS_MS - 1);
  keyed.send("SIGTERM", 1);
  assertEquals(keyed.again(), 1);
});

Deno.test("onInterruption() ignores SIGHUP without a terminal", () => {
  assertEquals(interruption(false).names(), ["SIGINT", "SIGTERM"]);
  assertEquals(interruption(true).names(), ["SIGINT", "SIGTERM", "SIGHUP"]);
});
