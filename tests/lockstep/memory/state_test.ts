import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { Word } from "../../../lib/lockstep/memory/control.ts";
import type { TrainingHistory } from "../../../lib/lockstep/memory/history_schema.ts";
import { NEW_HISTORY, writeHistory } from "../../../lib/lockstep/memory/training_history.ts";
import { sharedRun } from "../../../lib/lockstep/memory/views.ts";
import {
  readState,
  readStateInTurns,
  stateDigest,
  stateDigestInTurns,
  writeState,
  writeStateInTurns,
} from "../../../lib/lockstep/memory/state.ts";

const options = {
  parameters: 16,
  lazyRows: 0,
  lazyElements: 0,
  shards: 2,
  workers: 1,
  average: "weights",
  moments: "reset",
  epochs: 3,
  best: false,
  heldOut: 1,
  classes: 0,
  maxBatch: 1,
  maxLength: 1,
  maxVectors: 0,
  engineScratch: 0,
} as const;
const schedule = { epochs: 3, stepsPerEpoch: 5, averageEvery: 3, clusterEvery: 1 };
const history = (epoch: TrainingHistory["epoch"]): TrainingHistory => ({ ...NEW_HISTORY, epoch });
const BEST = { round: 3, position: 0, loss: 0.5, accuracy: 0.5 };
const filled = (value: number) => new Float32Array(16).fill(value);

Deno.test("stateDigest() is SHA-256 of step and values, little-endian, as Python computes it", async () => {
  // Python: hashlib.sha256(struct.pack("<d3f", 3, 1, -2, 0.5)).hexdigest()
  const expected = "796b4909a2a156a8e6dd7d1d2025ec511bdd37503848f8956812070d9c8bc198";
  assertEquals(await stateDigest({ step: 3, values: Float32Array.of(1, -2, 0.5) }), expected);
});

Deno.test("stateDigest() depends on the step and on every value of the view, and on nothing else", async () => {
  const values = Float32Array.of(7, 1, 2, 7);
  const digest = await stateDigest({ step: 1, values: values.subarray(1, 3) });
  assertEquals(digest, await stateDigest({ step: 1, values: Float32Array.of(1, 2) }));
  assertNotEquals(digest, await stateDigest({ step: 2, values: Float32Array.of(1, 2) }));
  assertNotEquals(digest, await stateDigest({ step: 1, values: Float32Array.of(1, 2.0000002) }));
});

Deno.test("readState() returns the state that writeState() made current, in either copy", () => {
  const run = sharedRun(options);
  for (const round of [0, 1, 2, 5]) {
    writeState(run, { round, step: 0, values: filled(round + 1), history: history([0.5, round, 7]) });
    const step = [0, 3, 5, 13][[0, 1, 2, 5].indexOf(round)]!; // rounds of 3, 2, 3, 2, 3 steps
    assertEquals(readState(run, schedule), {
      round,
      step,
      values: filled(round + 1),
      history: history([0.5, round, 7]),
    });
  }
});

Deno.test("functions of states that work in turns do the same piece by piece", async () => {
  const parameters = 400_001;
  const run = sharedRun({ ...options, parameters, best: true });
  const values = Float32Array.from({ length: run.states[0].values.length }, (_, index) => Math.sin(index));
  const best = { round: 3, step: 8, values: values.map((value) => -value), history: history([1, 2, 3]) };
  const state = { round: 4, step: 10, values, history: { ...history([0.5, 4, 7]), best: BEST }, best };
  await writeStateInTurns(run, state);
  assertEquals(readState(run, schedule), state);
  assertEquals(await readStateInTurns(run, schedule), state);
  const bytes = new Uint8Array(8 + values.byteLength);
  new DataView(bytes.buffer).setFloat64(0, 10, true);
  bytes.set(new Uint8Array(values.buffer), 8);
  const expected = createHash("sha256").update(bytes).digest("hex");
  assertEquals([await stateDigestInTurns(state), stateDigest(state)], [expected, expected]);
});

Deno.test("readStateInTurns() returns a whole state, however often rounds commit between its turns", async () => {
  const run = sharedRun({ ...options, parameters: 3_000_001 });
  const { length } = run.states[0].values;
  for (const commits of [1, 2, 20]) {
    writeState(run, { round: 0, step: 0, values: new Float32Array(length).fill(1), history: NEW_HISTORY });
    const reading = readStateInTurns(run, schedule);
    let round = 0;
    // A commit before every turn of the reader, as long as there are some left.
    while (round < commits) {
      run.states[++round % 2]!.values.fill(round + 1);
      Atomics.store(run.control, Word.round, round);
      await new Promise((resolve) => setTimeout(resolve));
    }
    const state = await reading;
    assert(state.values.every((value) => value === state.round + 1), `torn after ${commits} commits`);
  }
});

Deno.test("readState() returns a copy that later rounds do not change", () => {
  const run = sharedRun(options);
  writeState(run, { round: 0, step: 0, values: filled(1), history: NEW_HISTORY });
  const state = readState(run, schedule);
  run.states[0].values.fill(2);
  assertEquals(state.values, filled(1));
});

/** Creates a run that calls `meanwhile` each time a reader looks at the first copy of the state. */
function disturbed(meanwhile: (look: number) => void) {
  const run = sharedRun(options);
  const [first, second] = run.states;
  let looks = 0;
  const watched = {
    ...first,
    get values() {
      meanwhile(looks++);
      return first.values;
    },
  };
  return { run, watching: { ...run, states: [watched, second] as const } };
}

Deno.test("readState() reads again when a round commits while it copies", () => {
  const { run, watching } = disturbed((look) => {
    if (look !== 1) return; // the first look is for the length
    run.states[0].values.fill(99); // torn: the round after the next writes here already
    Atomics.store(run.control, Word.round, 1);
  });
  writeState(run, { round: 0, step: 0, values: filled(1), history: NEW_HISTORY });
  run.states[1].values.fill(2);
  writeHistory(run.histories[1], history([3, 2, 1]));
  assertEquals(readState(watching, schedule), { round: 1, step: 3, values: filled(2), history: history([3, 2, 1]) });
});

Deno.test("readState() throws if a round commits during every copy", () => {
  const { run, watching } = disturbed(() => Atomics.add(run.control, Word.round, 2));
  assertThrows(() => readState(watching, schedule), Error, "Cannot read a whole state");
});
