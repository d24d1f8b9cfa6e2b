/**
 * This layer predicts with a finished model, and does nothing else: it has neither files nor threads, and runs in browsers
 * as well. Start with this file, the format in which a whole model is one file, `model.lockstep`.
 *
 * The file is safetensors. Its tensors are those of the LSTM by the names of `parameterLayout`, then those of n-grams with
 * `ngrams/` before their names; in format 2, of small models, they are packed: see packed_tensors.ts. Its metadata are:
 *
 * | name            |                                                                                                  |
 * | --------------- | ------------------------------------------------------------------------------------------------ |
 * | `checksum`      | comes first: SHA-256, in hex, of the whole file with zeros in its place                           |
 * | `lockstep`      | JSON of the rest: labels, sizes, thresholds, and where the model comes from                       |
 * | `preprocessing` | JSON that turns a text into tokens, for models of text                                            |
 */
import { Fields, flag, listOf, oneOf, real, refuse, type Shape, text, whole } from "../base/shapes.ts";
import type { NamedTensor } from "../base/safetensors_header.ts";
import { sha256 } from "../base/sha256.ts";
import { type PreprocessingJson, preprocessingShape } from "../data/encode/preprocessing.ts";
import { FIRST_KNOWN } from "../data/vocabulary/vocabulary.ts";
import { checkFinite } from "../model/formats/finite.ts";
import { decodeStored, encodeSafetensors } from "../model/formats/safetensors.ts";
import { type ParameterLayout, parameterLayout, tensorView } from "../model/layout.ts";
import type { Rejection } from "../model/rejection.ts";
import type { ModelSpec } from "../model/spec.ts";
import type { Combination } from "../ngrams/combine.ts";
import { ngramNumbers, ngramNumbersShape, ngramsOf, ngramTensors } from "./ngram_tensors.ts";
import { packTensors, unpackTensors } from "./packed_tensors.ts";

/** A finished model, with all that predictions need. */
export interface WholeModel {
  /** The run that it comes from, its last round, and the SHA-256 of the state that its weights are part of. */
  readonly run: string;
  readonly round: number;
  readonly digest: string;
  /** Class names; a label is a position in this list. */
  readonly labels: readonly string[];
  readonly spec: ModelSpec;
  /** Tokens of the longest sequence. */
  readonly length: number;
  /** The flat vector of `parameterLayout`, with the vector of each known word in its row. */
  readonly weights: Float32Array;
  readonly preprocessing?: PreprocessingJson | undefined;
  readonly ngrams?: Combination | undefined;
  readonly rejection?: Rejection | undefined;
  /** `[labels]`: the least probability of each label, where there may be several. */
  readonly thresholds?: readonly number[] | undefined;
  /** The config of the run, as JSON, which no prediction needs. */
  readonly config?: unknown;
}

/** The formats of files with plain and with packed tensors. */
const [PLAIN, PACKED] = [1, 2];
const DIGITS = 64;
/** The file begins so, after the 8 bytes of the header's length. */
const BEGINNING = `{"__metadata__":{"checksum":"`;
const CHECKSUM_AT = 8 + BEGINNING.length;

const OF_NGRAMS = "ngrams/";

/** More than any config allows. */
const [MOST_TOKENS, MOST_IDS, MOST_WIDTH, MOST_CLASSES, MOST_POINTS] = [2 ** 16, 2 ** 24, 2 ** 16, 2 ** 16, 1001];

/** Returns the bytes of the file; if it is `packed`, numbers lose precision, and the keys of n-grams must ascend. */
export async function encodeModel(model: WholeModel, { packed = false } = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { run, round, digest, labels, length, spec, weights, preprocessing, ngrams, rejection, thresholds, config } =
    model;
  const about = {
    ...{ format: packed ? PACKED : PLAIN, run, round, digest, labels, length, model: spec },
    ...ngrams && { ngrams: ngramNumbers(ngrams) },
    ...{ rejection, thresholds, config },
  };
  const tensors = [
    ...parameterLayout(spec).tensors.map((tensor) => ({ ...tensor, values: tensorView(weights, tensor) })),
    ...(ngrams ? ngramTensors(ngrams.model) : []).map((tensor) => ({ ...tensor, name: OF_NGRAMS + tensor.name })),
  ];
  const tokenColumns = ngrams && "exponent" in ngrams ? ngrams.model.tokenColumns : 0;
  const bytes = encodeSafetensors({
    metadata: {
      checksum: "0".repeat(DIGITS),
      lockstep: JSON.stringify(about),
      ...preprocessing && { preprocessing: JSON.stringify(preprocessing) },
    },
    tensors: packed ? packTensors(tensors, tokenColumns) : tensors,
  });
  bytes.set(new TextEncoder().encode(await sha256(bytes)), CHECKSUM_AT);
  return bytes;
}

/**
 * Returns the model in `bytes`. Throws a RangeError that names the first damaged or unknown part. A page that was not
 * loaded over https has no `crypto.subtle`, and there the checksum is not verified.
 */
export async function decodeModel(bytes: Uint8Array): Promise<WholeModel> {
  const beginning = new TextDecoder().decode(bytes.subarray(8, CHECKSUM_AT));
  if (beginning !== BEGINNING) throw new RangeError("it is no model.lockstep: another beginning is expected");
  // Absent on pages without https, although its type says that it is always there.
  const subtle: SubtleCrypto | undefined = crypto.subtle;
  if (subtle) await checkSum(bytes);
  const { metadata, tensors: stored } = decodeStored(bytes, ["F32", "I8", "U8"]);
  const { numbers, ...about } = aboutShape(jsonOf(metadata.lockstep, "lockstep"), "lockstep");
  const preprocessing = metadata.preprocessing === undefined
    ? undefined
    : preprocessingShape(jsonOf(metadata.preprocessing, "preprocessing"), "preprocessing");
  checkFit(about, preprocessing);
  const tensors = unpackTensors(stored);
  const isNgram = ({ name }: NamedTensor) => name.startsWith(OF_NGRAMS);
  const weights = weightsOf(parameterLayout(about.spec), tensors.filter((tensor) => !isNgram(tensor)));
  const ofNgrams = tensors.filter(isNgram)
    .map((tensor) => ({ ...tensor, name: tensor.name.slice(OF_NGRAMS.length) }));
  if (!numbers && ofNgrams.length > 0) throw new RangeError("lockstep.ngrams is missing: expected numbers of n-grams");
  const ngrams = numbers && ngramsOf(ofNgrams, numbers, about.spec, preprocessing);
  return { ...about, weights, ...preprocessing && { preprocessing }, ...ngrams && { ngrams } };
}

async function checkSum(bytes: Uint8Array): Promise<void> {
  const zeroed = new Uint8Array(bytes);
  const place = zeroed.subarray(CHECKSUM_AT, CHECKSUM_AT + DIGITS);
  const expected = new TextDecoder().decode(place);
  place.fill("0".charCodeAt(0));
  if (await sha256(zeroed) !== expected) throw new RangeError("its content does not have its checksum");
}

function jsonOf(json: string | undefined, name: string): unknown {
  try {
    return JSON.parse(json ?? "");
  } catch {
    throw new RangeError(`its metadata ${name} is not JSON`);
  }
}

const share = real(0, 1);

const specShape: Shape<ModelSpec> = (value, field) => {
  const fields = new Fields(value, field);
  // Absent where each sequence has one label.
  const labels = fields.maybe("labels", oneOf<"many">("many"));
  return {
    ...labels && { labels },
    vocabulary: fields.read("vocabulary", whole(1, MOST_IDS)),
    letterRows: fields.read("letterRows", whole(0, MOST_IDS)),
    embedding: fields.read("embedding", whole(1, MOST_WIDTH)),
    hidden: fields.read("hidden", whole(1, MOST_WIDTH)),
    classes: fields.read("classes", whole(1, MOST_CLASSES)),
    layers: fields.read("layers", whole(1, 8)),
    bidirectional: fields.read("bidirectional", flag),
    pooling: fields.read("pooling", oneOf("last", "mean", "max")),
    lstmBiases: fields.read("lstmBiases", oneOf(1, 2)),
  };
};

const rejectionShape: Shape<Rejection> = (value, field) => {
  const fields = new Fields(value, field);
  const pointShape: Shape<Rejection["points"][number]> = (value, field) => {
    const point = new Fields(value, field);
    return {
      threshold: point.read("threshold", share),
      precision: point.read("precision", share),
      coverage: point.read("coverage", share),
    };
  };
  return {
    threshold: fields.read("threshold", share),
    points: fields.read("points", listOf(pointShape, 0, MOST_POINTS)),
  };
};

function aboutShape(value: unknown, field: string) {
  const fields = new Fields(value, field);
  fields.read("format", oneOf(PLAIN, PACKED));
  const numbers = fields.maybe("ngrams", ngramNumbersShape);
  const rejection = fields.maybe("rejection", rejectionShape);
  const thresholds = fields.maybe("thresholds", listOf(share, 1, MOST_CLASSES));
  const config = fields.maybe("config", (json) => json);
  return {
    run: fields.read("run", text),
    round: fields.read("round", whole(0, Number.MAX_SAFE_INTEGER)),
    digest: fields.read("digest", text),
    labels: fields.read("labels", listOf(text, 1, MOST_CLASSES)),
    spec: fields.read("model", specShape),
    length: fields.read("length", whole(1, MOST_TOKENS)),
    ...numbers && { numbers },
    ...rejection && { rejection },
    ...thresholds && { thresholds },
    ...config !== undefined && { config },
  };
}

/** Throws a ShapeError unless the parts have the same numbers of classes, ids and tokens. */
function checkFit(
  { spec, labels, length, thresholds = labels }: Pick<WholeModel, "spec" | "labels" | "length"> & {
    readonly thresholds?: readonly unknown[];
  },
  preprocessing: PreprocessingJson | undefined,
): void {
  const check = (field: string, value: number, expected: number) => {
    if (value !== expected) refuse(field, value, String(expected));
  };
  check("lockstep.model.classes", spec.classes, labels.length);
  check("lockstep.thresholds.length", thresholds.length, labels.length);
  if (!preprocessing) return;
  check("lockstep.model.vocabulary", spec.vocabulary, preprocessing.vocabulary.length + FIRST_KNOWN);
  check("lockstep.length", length, preprocessing.maxLength);
}

/** Joins `tensors` to the flat vector of `layout`. Throws a RangeError for a missing, another or an infinite tensor. */
function weightsOf(layout: ParameterLayout, tensors: readonly NamedTensor[]): Float32Array {
  const given = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  for (const { name, shape } of layout.tensors) {
    const tensor = given.get(name);
    if (tensor?.shape.join() !== shape.join()) {
      throw new RangeError(`tensor "${name}" is [${tensor?.shape ?? "missing"}]: expected [${shape}]`);
    }
    checkFinite(name, tensor.values);
    given.delete(name);
  }
  for (const name of given.keys()) throw new RangeError(`tensor ${JSON.stringify(name)} has no place in this model`);
  const weights = new Float32Array(layout.size);
  const values = new Map(tensors.map((tensor) => [tensor.name, tensor.values]));
  for (const tensor of layout.tensors) weights.set(values.get(tensor.name)!, tensor.offset);
  return weights;
}
