import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type State, stateDigest } from "../../../lib/lockstep/memory/state.ts";
import { parameterLayout, tensorView } from "../../../lib/model/layout.ts";
import { readCheckpoint, writeCheckpoint } from "../../../lib/run/files/checkpoint.ts";
import { CheckpointStore } from "../../../lib/run/files/checkpoint_store.ts";
import { decodeSafetensors } from "../../../lib/model/formats/safetensors.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";

const layout = parameterLayout({ vocabulary: 3, embedding: 2, hidden: 1, classes: 2, lstmBiases: 1, ...ONE_LAYER });

const history = {
  epoch: [1.5, 2, 3],
  undone: 7,
  rollbacks: 2,
  rollbackRound: 90,
  best: { round: 100, position: 93, loss: 0.25, accuracy: 0.5 },
  sinceBest: 1,
} as const;

/** Makes a state with `parts` vectors, gaps 0, every element another number. */
function stateOf(parts: number): State {
  const values = new Float32Array(parts * layout.size);
  for (let part = 0; part < parts; part++) {
    for (const tensor of layout.tensors) {
      const view = tensorView(values.subarray(part * layout.size, (part + 1) * layout.size), tensor);
      view.forEach((_, i) => view[i] = part * 1000 + tensor.offset + i + 0.25);
    }
  }
  return { round: 140, step: 420, values, history };
}
const inRun = (use: (directory: string) => Promise<void>) =>
  inTemporaryDirectory(async (directory) => {
    await mkdir(join(directory, "checkpoints"));
    await use(directory);
  });

for (const [what, parts] of [["no moments", 1], ["one moment set", 3], ["three moment sets", 7]] as const) {
  Deno.test(`readCheckpoint() gives back what writeCheckpoint() took, with ${what}`, () =>
    inRun(async (directory) => {
      const state = stateOf(parts);
      const info = await writeCheckpoint(directory, layout, state);
      const file = "checkpoints/round-00000140.safetensors";
      assertEquals(info, { file, digest: await stateDigest(state) });
      assertEquals(await readCheckpoint(directory, file, layout), state);
    }));
}

Deno.test("writeCheckpoint() writes each part's tensors under their names", () =>
  inRun(async (directory) => {
    const state = stateOf(5);
    const { file, digest } = await writeCheckpoint(directory, layout, state);
    const { metadata, tensors } = decodeSafetensors(await readFile(join(directory, file)));
    const { checksum, ...rest } = metadata;
    assertEquals(rest, { round: "140", step: "420", course: JSON.stringify(history), digest });
    assertMatch(checksum!, /^[0-9a-f]{64}$/);
    assertEquals(new Set(tensors.map(({ name }) => name.split("/")[0])), new Set(["weights", "m", "v", "m1", "v1"]));
    const kernel = tensors.find(({ name }) => name === "v/lstm/kernel")!;
    const { offset } = layout.tensors.find(({ name }) => name === "lstm/kernel")!;
    assertEquals([[...kernel.shape], kernel.values[0]], [[2, 4], 2000 + offset + 0.25]);
  }));

Deno.test("readCheckpoint() never reads another state from a changed byte, and names the file", () =>
  inRun(async (directory) => {
    const state = stateOf(3);
    const { file } = await writeCheckpoint(directory, layout, state);
    const path = join(directory, file);
    const bytes = new Uint8Array(await readFile(path));
    let refused = 0;
    for (let at = 0; at < bytes.length; at += at < 1800 ? 3 : 7) {
      await writeFile(path, bytes.with(at, bytes[at]! ^ 1));
      const error = await readCheckpoint(directory, file, layout).then(
        (read) => assertEquals(read, state, `byte ${at}`),
        (error: unknown) => error,
      );
      if (error === undefined) continue;
      if (!(error instanceof RangeError)) throw error;
      assertStringIncludes(error.message, `Cannot read checkpoint "${path}": `);
      refused++;
    }
    assert(refused > 300, `Only ${refused} were refused`);
  }));

Deno.test("readCheckpoint() refuses a changed number by its digest", () =>
  inRun(async (directory) => {
    const { file } = await writeCheckpoint(directory, layout, stateOf(1));
    const path = join(directory, file);
    const bytes = new Uint8Array(await readFile(path));
    await writeFile(path, bytes.with(-1, bytes.at(-1)! ^ 1));
    await assertRejects(() => readCheckpoint(directory, file, layout), RangeError, "does not have its digest");
  }));

Deno.test("readCheckpoint() refuses a checkpoint of another round, of another model, or truncated", () =>
  inRun(async (directory) => {
    const { file } = await writeCheckpoint(directory, layout, stateOf(3));
    const other = parameterLayout({ vocabulary: 4, embedding: 2, hidden: 1, classes: 2, lstmBiases: 1, ...ONE_LAYER });
    const embeddings = "it has no weights/embedding/embeddings of [4,2]";
    await assertRejects(() => readCheckpoint(directory, file, other), RangeError, embeddings);
    const renamed = file.replace("140", "141");
    await rename(join(directory, file), join(directory, renamed));
    await assertRejects(() => readCheckpoint(directory, renamed, layout), RangeError, "it is of round 140");
    await writeFile(join(directory, file), (await readFile(join(directory, renamed))).subarray(0, -1));
    await assertRejects(() => readCheckpoint(directory, file, layout), RangeError, join(directory, file));
  }));

Deno.test("CheckpointStore removes the unfinished checkpoint of a killed process, and no other file", () =>
  inRun(async (directory) => {
    const folder = join(directory, "checkpoints");
    const others = ["notes.tmp", "round-1.tmp", "round-00000001.safetensors.tmp"];
    for (const name of [...others, "round-00000001.safetensors.0a1b2c3d.tmp"]) await writeFile(join(folder, name), "");
    await new CheckpointStore(directory, layout, 1).write({ ...stateOf(1), history: { ...history, best: undefined } });
    assertEquals((await readdir(folder)).sort(), [...others, "round-00000140.safetensors"].sort());
  }));
