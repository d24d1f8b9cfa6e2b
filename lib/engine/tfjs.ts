import type { Tensor } from "@tensorflow/tfjs";
import type { Batch, BatchMetrics } from "../data/batch.ts";
import { type ParameterLayout, tensorView } from "../model/layout.ts";
import type { Tfjs } from "../model/layers_model.ts";
import type { ModelSpec } from "../model/spec.ts";
import { type AdamConstants, adamUpdate, squaredNorm } from "./adam.ts";
import type { Engine } from "./contract.ts";
import { createTreeMean, squaredDistance } from "./tree_mean.ts";
import { crossEntropy, logitGradients } from "./cross_entropy.ts";
import { loadTfjs, type TfjsBackend } from "./tfjs_backend.ts";
import { forward, type Parameters, timeMajorTokens } from "./tfjs_forward.ts";

export interface TfjsOptions {
  readonly backend: TfjsBackend;
  readonly spec: ModelSpec;
  /** `parameterLayout(spec)`. */
  readonly layout: ParameterLayout;
  readonly adam: AdamConstants;
}

/**
 * The reference engine: gradients by tfjs's automatic differentiation on any of its backends, Adam in plain
 * TypeScript. tfjs has one backend per thread, so only the engine created last can be used; others throw. Throws what
 * `loadTfjs` throws.
 */
export async function createTfjsEngine({ backend, spec, layout, adam }: TfjsOptions): Promise<Engine> {
  const tf = await loadTfjs(backend);
  const { classes } = spec;

  function inBackend<T>(work: () => T): T {
    // tfjs would quietly move the tensors and compute elsewhere.
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
      const parameters = parametersOf(tf, layout, weights);
      return float32(forward(tf, parameters, timeMajorTokens(tf, batch), batch.length));
    });
  }

  function gradients(weights: Float32Array, batch: Batch, out: Float32Array): BatchMetrics {
    const { size, length, labels } = batch;
    return inBackend(() => {
      let metrics: BatchMetrics = { lossSum: 0, correct: 0 };
      const tokens = timeMajorTokens(tf, batch);
      const parameters = parametersOf(tf, layout, weights);
      const surrogate = () => {
        const logits = forward(tf, parameters, tokens, length);
        const byLogits = new Float32Array(size * classes);
        metrics = crossEntropy(float32(logits), labels, size, classes, byLogits);
        logitGradients(byLogits, labels, size, classes);
        // Σ logits · (∂loss/∂logits held fixed) has the loss's gradient.
        return tf.sum(tf.mul(logits, tf.tensor2d(byLogits, [size, classes])));
      };
      // Not `tf.grads`, which throws if a parameter has no part in the result: nothing recurs in a single time step.
      const { grads } = tf.engine().gradients(surrogate, [...parameters], undefined, true);
      out.fill(0);
      for (const [i, tensor] of layout.tensors.entries()) {
        const gradient = grads[i];
        if (gradient) tensorView(out, tensor).set(float32(gradient));
      }
      return metrics;
    });
  }

  return {
    name: `tfjs/${backend}`,
    gradients,
    squaredNorm: (values, begin, end) => squaredNorm(layout, values, begin, end),
    update: (from, values, into, options) => adamUpdate(layout, adam, from, values, into, options),
    average({ vectors, coefficients, into, begin, end, drift }) {
      createTreeMean(vectors.length).mean(vectors, coefficients, into, begin, end);
      return drift ? squaredDistance(vectors, into, begin, end) : 0;
    },
    predict(weights, batch) {
      const probabilities = new Float32Array(batch.size * classes);
      crossEntropy(logitsOf(weights, batch), batch.labels, batch.size, classes, probabilities);
      return probabilities;
    },
    evaluate(weights, batch) {
      const probabilities = new Float32Array(batch.size * classes);
      return crossEntropy(logitsOf(weights, batch), batch.labels, batch.size, classes, probabilities);
    },
    // Tensors live for one call only; the backend stays for the thread's next engine.
    dispose: () => {},
  };
}

/** The flat vector's tensors. Copied, as tfjs keeps references to arrays and others go on writing to the vector. */
function parametersOf(tf: Tfjs, layout: ParameterLayout, weights: Float32Array): Parameters {
  const tensors = layout.tensors.map((tensor) => tf.tensor(tensorView(weights, tensor).slice(), [...tensor.shape]));
  const [embeddings, kernel, recurrentKernel, bias, denseKernel, denseBias] = tensors;
  if (!embeddings || !kernel || !recurrentKernel || !bias || !denseKernel || !denseBias) {
    throw new RangeError(`The model has 6 parameter tensors, but the layout has ${tensors.length}`);
  }
  return [embeddings, kernel, recurrentKernel, bias, denseKernel, denseBias];
}

function float32(tensor: Tensor): Float32Array {
  const values = tensor.dataSync();
  if (!(values instanceof Float32Array)) throw new TypeError(`Got a tensor of ${tensor.dtype}, expected float32`);
  return values;
}
