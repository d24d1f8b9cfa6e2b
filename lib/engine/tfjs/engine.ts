import type { Tensor } from "@tensorflow/tfjs";
import type { Batch, BatchMetrics } from "../../data/batches/batch.ts";
import { embeddingEnd, embeddingTensor, type ParameterLayout, tensorView } from "../../model/layout.ts";
import type { Engine, EngineOptions } from "../contract.ts";
import { adamUpdate, squaredNorm, updateMean } from "../reference/optimizer.ts";
import { averageRows, copyRows, findRows } from "../reference/rows.ts";
import { composeVectors, spreadGradients } from "../reference/vectors.ts";
import { createTreeMean, squaredDistance } from "../tree_mean.ts";
import { binaryCrossEntropy, binaryGradients, crossEntropy, logitGradients } from "../reference/cross_entropy.ts";
import { checkLabels } from "../labels.ts";
import { loadTfjs, type Tfjs } from "./backend.ts";
import { forward, type Parameters } from "./forward.ts";
import { stepMasks } from "./masks.ts";

/**
 * Creates the reference engine: gradients by tfjs's automatic differentiation on any of its backends, Adam in plain
 * TypeScript. tfjs has one backend per thread, so only the engine created last works; older ones throw. Throws the errors of
 * `loadTfjs`.
 */
export async function createTfjsEngine(
  options: Omit<EngineOptions, "engine" | "maxBatch" | "maxLength">,
): Promise<Engine> {
  const { backend, spec, layout, adam, dropout, classWeights, embeddingRows } = options;
  const tf = await loadTfjs(backend);
  const { classes } = spec;
  const isMany = spec.labels === "many";
  let rows = new Int32Array(0);

  function inBackend<T>(work: () => T): T {
    // Otherwise tfjs would silently move the tensors and compute elsewhere.
    if (tf.getBackend() !== backend) {
      throw new Error(`The engine tfjs/${backend} was replaced by one on "${tf.getBackend()}" in this thread`);
    }
    tf.engine().startScope();
    try {
      return work();
    } finally {
      tf.engine().endScope();
    }
  }

  function logitsOf(weights: Float32Array, batch: Batch): Float32Array {
    return inBackend(() => {
      const { byName } = parametersOf(tf, layout, weights, batch);
      return float32(forward(tf, spec, byName, batch));
    });
  }

  /** Returns loss and hits, and writes the probabilities. */
  function evaluate(logits: Float32Array, batch: Batch, probabilities: Float32Array): BatchMetrics {
    return isMany
      ? binaryCrossEntropy(logits, batch, classes, probabilities)
      : crossEntropy(logits, batch.labels, batch.size, classes, probabilities);
  }

  function gradients(weights: Float32Array, batch: Batch, out: Float32Array, draw: number): BatchMetrics {
    const { size } = batch;
    checkLabels(batch, spec);
    return inBackend(() => {
      let metrics: BatchMetrics = { lossSum: 0, correct: 0 };
      const masks = stepMasks(tf, spec, dropout, batch, draw);
      const { tensors, byName } = parametersOf(tf, layout, weights, batch);
      const surrogate = () => {
        const logits = forward(tf, spec, byName, batch, masks);
        const byLogits = new Float32Array(size * classes);
        metrics = evaluate(float32(logits), batch, byLogits);
        if (isMany) binaryGradients(byLogits, batch, classes);
        else logitGradients(byLogits, batch, classes, classWeights);
        // Σ logits · (∂loss/∂logits held fixed) has the loss's gradient.
        return tf.sum(tf.mul(logits, tf.tensor2d(byLogits, [size, classes])));
      };
      // Not `tf.grads`, which throws if a parameter does not affect the result, as the recurrent kernel in a single time step.
      const { grads } = tf.engine().gradients(surrogate, [...tensors], undefined, true);
      rows = rowsOf(batch);
      const lazy = embeddingRows === "lazy";
      out.fill(0, lazy ? embeddingEnd(layout) : 0);
      for (const [i, tensor] of layout.tensors.entries()) {
        const gradient = grads[i];
        if (!gradient) continue;
        if (tensor === embeddingTensor(layout) && batch.vectors) {
          for (const row of rows) out.fill(0, row * spec.embedding, (row + 1) * spec.embedding);
          spreadGradients(float32(gradient), spec.embedding, batch.vectors, out);
        } else if (lazy && tensor === embeddingTensor(layout)) writeRows(float32(gradient), rows, spec.embedding, out);
        else tensorView(out, tensor).set(float32(gradient));
      }
      return metrics;
    });
  }

  return {
    name: `tfjs/${backend}`,
    hold() {}, // This engine keeps nothing between calls.
    gradients,
    rows: () => rows,
    squaredNorm: (values, begin, end, only) => squaredNorm(layout, values, begin, end, only),
    update: (from, values, into, options) => adamUpdate(layout, adam, from, values, into, options),
    updateMean: (from, values, into, options) => updateMean(layout, adam, from, values, into, options),
    average({ vectors, coefficients, into, begin, end, drift }) {
      createTreeMean(vectors.length).mean(vectors, coefficients, into, begin, end);
      return drift ? squaredDistance(vectors, into, begin, end) : 0;
    },
    averageRows: (options) => averageRows(layout, options),
    copyRows: (from, into, only) => copyRows(layout, from, into, only),
    findRows,
    predict(weights, batch) {
      const probabilities = new Float32Array(batch.size * classes);
      evaluate(logitsOf(weights, batch), batch, probabilities);
      return probabilities;
    },
    evaluate(weights, batch) {
      checkLabels(batch, spec);
      return evaluate(logitsOf(weights, batch), batch, new Float32Array(batch.size * classes));
    },
    help: () => false,
  };
}

/**
 * Returns copies of the flat vector's tensors, because tfjs keeps references to arrays and others write to the vector. If
 * `batch` has `vectors`, these are in place of the embedding.
 */
function parametersOf(
  tf: Tfjs,
  layout: ParameterLayout,
  weights: Float32Array,
  { vectors }: Batch,
): { tensors: Tensor[]; byName: Parameters } {
  const tensors = layout.tensors.map((tensor) => {
    const values = tensorView(weights, tensor);
    if (!vectors || tensor !== embeddingTensor(layout)) return tf.tensor(values.slice(), [...tensor.shape]);
    const width = tensor.shape[1]!;
    return tf.tensor(composeVectors(values, width, vectors), [vectors.count, width]);
  });
  const places = new Map(layout.tensors.map(({ name }, i) => [name, tensors[i]!]));
  const byName = (name: string) => {
    const tensor = places.get(name);
    if (!tensor) throw new RangeError(`The layout has no "${name}", but ${[...places.keys()].join(", ")}`);
    return tensor;
  };
  return { tensors, byName };
}

/** Returns the rows of the embedding that `batch` reads, each once, in the order of their first occurrence. */
function rowsOf({ tokens, lengths, size, length, vectors }: Batch): Int32Array<ArrayBuffer> {
  if (vectors) return Int32Array.from(new Set(vectors.rows.subarray(0, vectors.offsets[vectors.count])));
  const distinct = new Set<number>();
  for (let row = 0; row < size; row++) {
    for (let t = 0; t < lengths[row]!; t++) distinct.add(tokens[row * length + t]!);
  }
  return Int32Array.from(distinct);
}

/** Copies `rows` of `from`, `[vocabulary, width]`, to those of the embedding in `out`. */
function writeRows(from: Float32Array, rows: Int32Array, width: number, out: Float32Array): void {
  for (const row of rows) out.set(from.subarray(row * width, (row + 1) * width), row * width);
}

function float32(tensor: Tensor): Float32Array {
  const values = tensor.dataSync();
  if (!(values instanceof Float32Array)) throw new TypeError(`Got a tensor of ${tensor.dtype}, expected float32`);
  return values;
}
