/** Completes the tree of a round from the nodes that machines sent, and the state that the round started from. */
import { createTreeMean } from "../../engine/tree_mean.ts";
import { addUp, completion, type Span } from "../../engine/tree_nodes.ts";
import { shardWeights } from "../../lockstep/shard_weights.ts";
import type { RoundNode, RoundShape } from "../protocol/round_codec.ts";

/** A node and the range of its shards. */
interface SpannedNode extends Span {
  readonly node: RoundNode;
}

/**
 * Returns the root of the tree over `shards` shards. `state` has the averaged parts that the round started from, as shards
 * have them in untouched rows. Without it, untouched rows are 0. Throws an Error if nodes are missing.
 */
export function completeRound(
  shape: RoundShape,
  shards: number,
  nodes: readonly SpannedNode[],
  state?: readonly Float32Array[],
): RoundNode {
  const { root, missing } = completion(nodes, shards);
  if (!root) throw new Error(`Shards ${missing.join()} are missing`);
  const fields: Float64Array[] = [];
  const union = new Uint8Array(shape.rows);
  for (const { first, node } of nodes) {
    node.fields.forEach((own, i) => fields[first + i] = own);
    for (const row of node.rows) union[row] = 1;
  }
  const rows = Int32Array.from([...union.keys()].filter((row) => union[row] === 1));
  const { active, coefficients } = shardWeights({ shards: fields });
  const scratch = new Float32Array(shape.rows * shape.width);

  /** Returns the node's values with all rows of the union. Rows that its shards did not touch are weighted ones of `state`. */
  function expand({ first, last, node }: SpannedNode): Float32Array | undefined {
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

  return { fields, rows, values: addUp(root, expand)! };
}

/** Returns the number of elements of a part after its rows. */
function denseCount({ elements, rows, width }: RoundShape): number {
  return elements - rows * width;
}
