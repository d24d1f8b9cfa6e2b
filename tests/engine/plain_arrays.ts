import type { Batch } from "../../lib/data/batches/batch.ts";
import type { Engine, NativeLibrary, Replica } from "../../lib/engine/contract.ts";
import { createWorkspace } from "../../lib/engine/workspace.ts";
import { embeddingTensor } from "../../lib/model/layout.ts";
import type { EngineNeeds } from "./contract/example.ts";

const MAX_BATCH = 160;
const MAX_LENGTH = 16;
const MAX_VECTORS = 17;
/** Limits the labels of a row, for models with several. */
const MAX_LABELS = 40;
/** Limits the vectors of a batch, for models whose words have letters. */
const MOST_WORDS = 200;

/**
 * Wraps the simd engine for arrays in any memory: copies them into its memory and the results back, so that the tests of
 * the contract can create arrays in their own way.
 */
export async function simdOnPlainArrays({ layout, ...needs }: EngineNeeds, native?: NativeLibrary): Promise<Engine> {
  const options = {
    engine: "simd",
    backend: "cpu",
    layout,
    ...needs,
    native,
    maxBatch: MAX_BATCH,
    maxLength: MAX_LENGTH,
    maxVectors: needs.spec.letterRows > 0 ? MOST_WORDS : 0,
  } as const;
  const height = embeddingTensor(layout).shape[0]!;
  const room = {
    floats: (10 + 2 * MAX_VECTORS) * layout.size,
    batches: 1,
    ...needs.spec.labels === "many" && { maxLabels: MAX_LABELS },
  };
  const { engine, floats, batch } = await createWorkspace(options, room);
  const [weights, gradients, averaged] = [floats(layout.size), floats(layout.size), floats(layout.size)];
  const replica = (): Replica => ({ weights: floats(layout.size), m: floats(layout.size), v: floats(layout.size) });
  const [from, into] = [replica(), replica()];
  const vectors = Array.from({ length: MAX_VECTORS }, () => floats(layout.size));
  const stampRooms = Array.from({ length: MAX_VECTORS }, () => floats(height));
  const listRoom = floats(height);
  const { vectors: wordRoom, ...inside } = batch(MAX_BATCH, MAX_LENGTH);

  function enter(given: Batch): Batch {
    inside.size = given.size;
    inside.length = given.length;
    inside.tokens.set(given.tokens.subarray(0, given.size * given.length));
    inside.lengths.set(given.lengths.subarray(0, given.size));
    inside.labels.set(given.labels.subarray(0, given.labelOffsets ? given.labelOffsets[given.size] : given.size));
    if (given.labelOffsets) inside.labelOffsets?.set(given.labelOffsets.subarray(0, given.size + 1));
    if (!given.vectors) return inside;
    if (!wordRoom) throw new RangeError("The model has no rows of letters");
    const { count, offsets, rows } = given.vectors;
    wordRoom.count = count;
    wordRoom.offsets.set(offsets.subarray(0, count + 1));
    wordRoom.rows.set(rows.subarray(0, offsets[count]));
    return { ...inside, vectors: wordRoom };
  }
  function copy(source: Replica, target: Replica): void {
    target.weights.set(source.weights);
    target.m.set(source.m);
    target.v.set(source.v);
  }
  function filled(vector: Float32Array, values: Float32Array): Float32Array {
    vector.set(values);
    return vector;
  }

  /** Copies words unchanged, even if they are no valid floats. */
  function words({ buffer, byteOffset }: Float32Array, values: Int32Array): Int32Array {
    const view = new Int32Array(buffer, byteOffset, values.length);
    view.set(values);
    return view;
  }
  const entered = (stamps: readonly Int32Array[]) => stamps.map((values, index) => words(stampRooms[index]!, values));

  return {
    name: engine.name,
    hold: (values) => engine.hold(values && filled(weights, values)),
    gradients(values, batch, out, draw) {
      const metrics = engine.gradients(filled(weights, values), enter(batch), filled(gradients, out), draw);
      out.set(gradients);
      return metrics;
    },
    rows: () => engine.rows(),
    squaredNorm: (values, begin, end, rows) => engine.squaredNorm(filled(gradients, values), begin, end, rows),
    update(source, values, target, options) {
      copy(source, from);
      copy(target, into);
      engine.update(from, filled(gradients, values), into, options);
      copy(into, target);
    },
    updateMean(source, given, target, { stamps, ...options }) {
      copy(source, from);
      copy(target, into);
      const inside = given.map((values, index) => filled(vectors[index]!, values));
      engine.updateMean(from, inside, into, { ...options, stamps: entered(stamps) });
      copy(into, target);
    },
    average({ vectors: given, into: target, ...rest }) {
      const inside = given.map((values, index) => filled(vectors[index]!, values));
      const distance = engine.average({ ...rest, vectors: inside, into: filled(averaged, target) });
      target.set(averaged);
      return distance;
    },
    averageRows({ vectors: given, into: target, otherwise: others, stamps, ...rest }) {
      const distance = engine.averageRows({
        ...rest,
        vectors: given.map((values, index) => filled(vectors[index]!, values)),
        into: filled(averaged, target),
        stamps: entered(stamps),
        ...others ? { otherwise: filled(weights, others) } : {},
      });
      target.set(averaged);
      return distance;
    },
    copyRows(source, target, rows) {
      engine.copyRows(filled(weights, source), filled(averaged, target), rows);
      target.set(averaged);
    },
    findRows({ stamps, list, ...rest }) {
      const inside = words(listRoom, list);
      const found = engine.findRows({ ...rest, stamps: entered(stamps), list: inside });
      list.set(inside);
      return found;
    },
    predict: (values, batch) => engine.predict(filled(weights, values), enter(batch)),
    evaluate: (values, batch) => engine.evaluate(filled(weights, values), enter(batch)),
    help: engine.help.bind(engine),
  };
}
