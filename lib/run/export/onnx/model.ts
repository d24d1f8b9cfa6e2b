/** Encodes a graph as an ONNX model (onnx.ai/onnx/intro): nodes, weights, inputs and outputs. */
import { message } from "./protobuf.ts";

/** The versions of the file format and of the operators. */
const IR_VERSION = 8;
const OPSET = 17;

const TYPES = { float32: 1, int32: 6, int64: 7 } as const;

/** Types of attributes. */
const [INT, STRING, INTS, STRINGS] = [2, 3, 7, 8] as const;

export interface Node {
  readonly operator: string;
  /** Names of values; "" leaves an optional one out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | string | readonly number[] | readonly string[]>>;
}

export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major; integers are int32, and those of shapes int64. */
  readonly values: Float32Array | Int32Array | BigInt64Array;
}

/** An input or output of the graph. A name stands for an extent that each call chooses. */
export interface Port {
  readonly name: string;
  readonly type: "float32" | "int32";
  readonly shape: readonly (number | string)[];
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly weights: readonly Weight[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** Returns the bytes of the model. Throws a RangeError if they are more than the format allows. */
export function encodeModel(graph: Graph, metadata: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const floats = graph.weights.reduce((sum, { values }) => sum + values.byteLength, 0);
  if (floats > 2 ** 31 - 2 ** 20) throw new RangeError("the model is larger than the 2 GB of an ONNX file");
  return message([
    [1, IR_VERSION],
    [2, "Lockstep"],
    [7, encodeGraph(graph)],
    [8, message([[2, OPSET]])],
    [14, Object.entries(metadata).map(([key, value]) => message([[1, key], [2, value]]))],
  ]);
}

function encodeGraph({ nodes, weights, inputs, outputs }: Graph): Uint8Array {
  return message([
    [1, nodes.map(encodeNode)],
    [2, "classifier"],
    [5, weights.map(encodeWeight)],
    [11, inputs.map(encodePort)],
    [12, outputs.map(encodePort)],
  ]);
}

function encodeNode({ operator, inputs, outputs, attributes = {} }: Node): Uint8Array {
  return message([
    [1, inputs],
    [2, outputs],
    [3, outputs.find((name) => name !== "")],
    [4, operator],
    [5, Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value))],
  ]);
}

function encodeAttribute(name: string, value: NonNullable<Node["attributes"]>[string]): Uint8Array {
  if (typeof value === "number") return message([[1, name], [3, value], [20, INT]]);
  if (typeof value === "string") return message([[1, name], [4, value], [20, STRING]]);
  return isTexts(value)
    ? message([[1, name], [9, value], [20, STRINGS]])
    : message([[1, name], [8, value], [20, INTS]]);
}

function isTexts(list: readonly number[] | readonly string[]): list is readonly string[] {
  return typeof list[0] === "string";
}

function encodeWeight({ name, shape, values }: Weight): Uint8Array {
  const type = values instanceof Float32Array ? "float32" : values instanceof Int32Array ? "int32" : "int64";
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return message([[1, shape], [2, TYPES[type]], [8, name], [9, bytes]]);
}

function encodePort({ name, type, shape }: Port): Uint8Array {
  const extents = shape.map((extent) => message([typeof extent === "number" ? [1, extent] : [2, extent]]));
  const tensor = message([[1, TYPES[type]], [2, message([[1, extents]])]]);
  return message([[1, name], [2, message([[1, tensor]])]]);
}
