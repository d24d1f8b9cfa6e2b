/**
 * Computes Embedding → LSTM → Dense → cross-entropy, forward and backward, in plain float64: one sequence and one number at
 * a time, straight from the formulas. It is the oracle of the simd engine's tests.
 */
import type { Batch } from "../../../lib/data/batches/batch.ts";
import { type ParameterLayout, tensorNamed } from "../../../lib/model/layout.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";

interface Float64Result {
  readonly lossSum: number;
  /** `[batch, classes]` */
  readonly logits: number[][];
  /** The gradient of the mean loss, flat. */
  readonly gradients: Float64Array;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const zeros = (length: number): number[] => new Array<number>(length).fill(0);

export function float64Lstm(spec: ModelSpec, layout: ParameterLayout, w: Float32Array, batch: Batch): Float64Result {
  const { embedding: E, hidden: H, classes: C } = spec;
  const offset = (name: string) => tensorNamed(layout, name).offset;
  const wx = offset("lstm/kernel"), wh = offset("lstm/recurrent_kernel"), b = offset("lstm/bias");
  const wd = offset("dense/kernel"), bd = offset("dense/bias");
  const gradients = new Float64Array(layout.size);
  const logits: number[][] = [];
  let lossSum = 0;
  for (let row = 0; row < batch.size; row++) {
    const inputs: number[] = []; // [T], the offset of each token's vector
    const gates: number[][] = []; // [T][4H], activated
    const cells: number[][] = [zeros(H)]; // [T + 1][H]
    const states: number[][] = [zeros(H)]; // [T + 1][H]
    for (let t = 0; t < batch.length; t++) {
      const x = batch.tokens[row * batch.length + t]! * E;
      const gate = zeros(4 * H).map((_, n) => {
        let sum = w[b + n]!;
        for (let k = 0; k < E; k++) sum += w[x + k]! * w[wx + k * 4 * H + n]!;
        for (let k = 0; k < H; k++) sum += states[t]![k]! * w[wh + k * 4 * H + n]!;
        return n >= 2 * H && n < 3 * H ? Math.tanh(sum) : sigmoid(sum);
      });
      const cell = zeros(H).map((_, n) => gate[H + n]! * cells[t]![n]! + gate[n]! * gate[2 * H + n]!);
      inputs.push(x);
      gates.push(gate);
      cells.push(cell);
      states.push(cell.map((c, n) => gate[3 * H + n]! * Math.tanh(c)));
    }
    const last = states[batch.length]!;
    const logit = zeros(C).map((_, c) => {
      let sum = w[bd + c]!;
      for (let k = 0; k < H; k++) sum += last[k]! * w[wd + k * C + c]!;
      return sum;
    });
    logits.push(logit);
    const top = Math.max(...logit);
    const total = logit.reduce((sum, value) => sum + Math.exp(value - top), 0);
    const label = batch.labels[row]!;
    lossSum += Math.log(total) + top - logit[label]!;

    let dState = zeros(H);
    let dCell = zeros(H);
    for (let c = 0; c < C; c++) {
      const d = (Math.exp(logit[c]! - top) / total - Number(c === label)) / batch.size;
      gradients[bd + c]! += d;
      for (let k = 0; k < H; k++) {
        gradients[wd + k * C + c]! += d * last[k]!;
        dState[k]! += d * w[wd + k * C + c]!;
      }
    }
    for (let t = batch.length - 1; t >= 0; t--) {
      const gate = gates[t]!;
      const dGate = zeros(4 * H);
      const before = zeros(H);
      for (let n = 0; n < H; n++) {
        const i = gate[n]!, f = gate[H + n]!, g = gate[2 * H + n]!, o = gate[3 * H + n]!;
        const tanhC = Math.tanh(cells[t + 1]![n]!);
        const dc = dCell[n]! + dState[n]! * o * (1 - tanhC ** 2);
        dGate[n] = dc * g * i * (1 - i);
        dGate[H + n] = dc * cells[t]![n]! * f * (1 - f);
        dGate[2 * H + n] = dc * i * (1 - g ** 2);
        dGate[3 * H + n] = dState[n]! * tanhC * o * (1 - o);
        before[n] = dc * f;
      }
      dCell = before;
      dState = zeros(H);
      for (let n = 0; n < 4 * H; n++) {
        gradients[b + n]! += dGate[n]!;
        for (let k = 0; k < E; k++) {
          gradients[wx + k * 4 * H + n]! += w[inputs[t]! + k]! * dGate[n]!;
          gradients[inputs[t]! + k]! += w[wx + k * 4 * H + n]! * dGate[n]!;
        }
        for (let k = 0; k < H; k++) {
          gradients[wh + k * 4 * H + n]! += states[t]![k]! * dGate[n]!;
          dState[k]! += w[wh + k * 4 * H + n]! * dGate[n]!;
        }
      }
    }
  }
  return { lossSum, logits, gradients };
}
