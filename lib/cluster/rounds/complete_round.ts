/** Completes a round's tree from the nodes that machines sent, on the state that the round started from. */
import { createTreeMean } from "../../engine/tree_mean.ts";
import { addUp, completion, type Span } from "../../engine/tree_nodes.ts";
import { shardWeights } from "../../lockstep/shard_weights.ts";
import type { RoundNode, RoundShape } from "../protocol/round_codec.ts";

/** A node with the shards that it is about. */
export interface SpannedNode extends Span {
  readonly node: RoundNode;
}

/**
 * The root of the tree over `shards` shards; `state` holds the averaged parts that the round started from, which shards
 * have of rows that they did not touch. Without it, these are 0. Throws an Error if the nodes are not enough.
 */
export function completeRound(
  shape: RoundShape,
  shards: number,
  nodes: readonly SpannedNode[],
  state?: readonly Float32Array[],
): RoundNode {
  const { root, missing } = completion(nodes, shards);
  if (!root) throw new Error(`Shards ${missing.join()} are missing`);
  const figures: Float64Array[] = [];
  const union = new Uint8Array(shape.rows);
  for (const { first, node } of nodes) {
    node.figures.forEach((own, i) => figures[first + i] = own);
    for (const row of node.rows) union[row] = 1;
  }
  const rows = Int32Array.from([...union.keys()].filter((row) => union[row] === 1));
  const { active, coefficients } = shardWeights({ shards: figures });
  const scratch = new Float32Array(shape.rows * shape.width);

  /** The node's values with all rows of the union. Those that none of its shards touched are the state's, weighted; or 0. */
  function whole({ first, last, node }: SpannedNode): Float32Array | undefined {
    if (first >= active) return undefined;
    if (node.rows.length === rows.length) return node.values;
    const count = Math.min(last, active) - first;
    const tree = createTreeMean(count);
    const own = coefficients.subarray(first, first + count);
    const values = new Float32Array((rows.length * shape.width + denseCount(shape)) * shape.parts);
    let from = 0;
    let at = 0;
    for (let part = 0; part < shape.parts; part++) {
      const owners = state && new Array<Float32Array>(count).fill(state[part]!);
      let next = 0;
      for (const row of rows) {
        if (node.rows[next] === row) {
          for (let i = 0; i < shape.width; i++) values[at++] = node.values[from++]!;
          next++;
        } else if (!owners) at += shape.width;
        else {
          tree.mean(owners, own, scratch, row * shape.width, (row + 1) * shape.width);
          for (let i = 0; i < shape.width; i++) values[at++] = scratch[row * shape.width + i]!;
        }
      }
      values.set(node.values.subarray(from, from + denseCount(shape)), at);
      from += denseCount(shape);
      at += denseCount(shape);
    }
    return values;
  }

  return { figures, rows, values: addUp(root, whole)! };
}

/** Elements of a part behind its rows. */
function denseCount({ elements, rows, width }: RoundShape): number {
  return elements - rows * width;
}
