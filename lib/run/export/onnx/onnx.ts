/** Exports a model for ONNX Runtime: the graph, and modules that read texts and n-grams as this program does. */
import { namesAsMetadata } from "../../../model/formats/weight_names.ts";
import { trainedModel } from "../../../model/task_model.ts";
import type { TrainedModel } from "../../../predict/trained_model.ts";
import { predictFiles } from "../browser/predict_files.ts";
import { classifierTypes } from "../browser/types.ts";
import {
  exampleInput,
  type ExportFormat,
  type Files,
  inputTable,
  packageJson,
  textsOf,
  tokenizerNote,
} from "../format.ts";
import { pythonFiles, pythonModule, requirements } from "../python/python_module.ts";
import { buildGraph } from "./graph.ts";
import { encodeModel } from "./model.ts";
import predictJs from "./predict.js" with { type: "text" };
import predictPy from "./predict.py" with { type: "text" };

export const onnx: ExportFormat = {
  description: "model.onnx, which ONNX Runtime loads, with predict.js and predict.py",
  copied: [],
  make: files,
  note: (model) => tokenizerNote(model, "predict.py"),
};

function files(model: TrainedModel): Files {
  const { config, labels, version } = model;
  const { spec, layout } = trainedModel(config, labels);
  const metadata = { digest: version.digest, ...namesAsMetadata({ labels, vocabulary: undefined }) };
  return new Map<string, Uint8Array | string>([
    ["model.onnx", encodeModel(buildGraph(spec, layout, version.weights), metadata)],
    ...predictFiles(predictJs),
    ["predict.d.ts", classifierTypes(model, { loader: LOADER, result: "Promise<$>" })],
    ["package.json", packageJson(model, { "onnxruntime-node": "^1.20.0", "onnxruntime-web": "^1.20.0" })],
    ["predict.py", pythonModule(predictPy)],
    ...pythonFiles(model),
    ["requirements.txt", requirements(model, ["onnxruntime>=1.20,<2"])],
    ["README.md", readme(model)],
  ]);
}

const LOADER = `
/** The parts of \`onnxruntime-node\` or \`onnxruntime-web\` that are used. */
export interface OnnxRuntime {
  readonly InferenceSession: { readonly create: (...args: never[]) => unknown };
  readonly Tensor: new (...args: never[]) => unknown;
}

/** Loads the model in \`folder\`, an address or a path; by default that of this module. */
export function loadClassifier(ort: OnnxRuntime, folder?: string | URL): Promise<Classifier>;
`;

function readme(model: TrainedModel): string {
  const { spec } = trainedModel(model.config, model.labels);
  const isHuggingFace = textsOf(model) === "hugging face";
  const letters = spec.letterRows > 0
    ? `| \`letters\` | int32 \`[words, runs]\` | the token ${spec.vocabulary} + n is the unknown word with the rows of runs of letters in row n, padded with ${spec.letterRows}; at least \`[[${spec.letterRows}]]\` |\n`
    : "";
  return `# A classifier for ONNX Runtime

Trained by Lockstep, run ${model.run}. In Node, Deno or Bun, with \`npm install onnxruntime-node\`; in a page, with
\`onnxruntime-web\`:

\`\`\`js
import * as ort from "onnxruntime-node";
import { loadClassifier } from "./predict.js";

const classifier = await loadClassifier(ort); // or loadClassifier(ort, "path/or/address/of/this/folder/")
console.log(await classifier.predict(${exampleInput(model)})); // { class, label, probabilities, … }
\`\`\`

${inputTable(model)}
Lists of rows are faster than rows one by one. \`predict.d.ts\` has the types.

In Python, with \`pip install -r requirements.txt\`, the same inputs${
    isHuggingFace ? ", and texts where the package `tokenizers` is installed" : ""
  }:

\`\`\`python
import predict

classifier = predict.load("path/of/this/folder")
print(classifier.predict(${exampleInput(model)}))  # {"class": …, "label": …, "probabilities": […], …}
\`\`\`

Tested are ONNX Runtime 1.20 and 1.30 for JavaScript, and 1.30 for Python with numpy 1.24 and 2.4.

## model.onnx

The LSTM without its n-grams and without preprocessing, for any runtime of opset 17.

| value | type | |
| --- | --- | --- |
| \`tokens\` | int32 \`[batch, length]\` | ids, right-padded with any of them |
| \`lengths\` | int32 \`[batch]\` | tokens of each row without padding |
${letters}| \`probabilities\` | float32 \`[batch, ${spec.classes}]\` | in the order of the labels in \`lockstep.json\` |
`;
}
