/**
 * Finds the nodes of the tree over shard numbers (tree_mean.ts) that a set of shards covers completely, and the shards that
 * the root still lacks. The sum of a node has the same bits on every machine, so a machine sends the sums of the largest
 * nodes that its shards cover, and any machine that has enough of them completes the tree.
 */
import { splitAt } from "./tree_mean.ts";

/** Names the shards `first` to `last - 1`. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** Returns the largest nodes of the tree over `total` shards whose shards are all in `has`, in order. */
export function ownedNodes(has: ReadonlySet<number>, total: number): Span[] {
  const nodes: Span[] = [];
  const visit = (first: number, last: number): void => {
    let count = 0;
    for (let shard = first; shard < last; shard++) if (has.has(shard)) count++;
    if (count === last - first) nodes.push({ first, last });
    if (count === 0 || count === last - first) return;
    const middle = first + splitAt(last - first);
    visit(first, middle);
    visit(middle, last);
  };
  visit(0, total);
  return nodes;
}

/** Describes a node: it is known, or it is the sum of its two halves. */
type Sum<Node> = { readonly node: Node } | { readonly left: Sum<Node>; readonly right: Sum<Node> };

/** Describes how to complete the tree: from known sums, each once; and the shards that are in none of them. */
interface Completion<Node> {
  /** The root, if nothing is missing. */
  readonly root: Sum<Node> | undefined;
  readonly missing: readonly number[];
}

/** Completes the tree over `total` shards from the largest of `nodes` that are nodes of the tree. */
export function completion<Node extends Span>(nodes: Iterable<Node>, total: number): Completion<Node> {
  const known = new Map<string, Node>();
  for (const node of nodes) known.set(`${node.first}-${node.last}`, node);
  const missing: number[] = [];
  const visit = (first: number, last: number): Sum<Node> | undefined => {
    const node = known.get(`${first}-${last}`);
    if (node) return { node };
    if (last - first === 1) {
      missing.push(first);
      return undefined;
    }
    const middle = first + splitAt(last - first);
    const left = visit(first, middle);
    const right = visit(middle, last);
    return left && right ? { left, right } : undefined;
  };
  return { root: visit(0, total), missing };
}

/**
 * Adds the values of the nodes of `sum` in float32, in the order of the tree, and skips nodes without values. Returns a new
 * array and leaves the arrays of `valuesOf` unchanged.
 */
export function addUp<Node>(
  sum: Sum<Node>,
  valuesOf: (node: Node) => Float32Array | undefined,
): Float32Array<ArrayBuffer> | undefined {
  if ("node" in sum) {
    const values = valuesOf(sum.node);
    return values && new Float32Array(values);
  }
  const left = addUp(sum.left, valuesOf);
  const right = "node" in sum.right ? valuesOf(sum.right.node) : addUp(sum.right, valuesOf);
  if (!left) return right && new Float32Array(right);
  if (right) { for (let i = 0; i < left.length; i++) left[i]! += right[i]!; }
  return left;
}
