/** Exports a model for TensorFlow.js: a LayersModel, and a module that reads texts and n-grams as this program does. */
import { predictFiles } from "../browser/predict_files.ts";
import { classifierTypes } from "../browser/types.ts";
import { exampleInput, type ExportFormat, type Files, inputTable, packageJson, tokenizerNote } from "../format.ts";
import predict from "./predict.js" with { type: "text" };
import type { TrainedModel } from "../../../predict/trained_model.ts";

export const tfjs: ExportFormat = {
  description: "model.json and weights.bin, which tf.loadLayersModel loads, with predict.js",
  copied: ["model.json", "weights.bin"],
  make: files,
  note: (model) => tokenizerNote(model),
};

function files(model: TrainedModel): Files {
  return new Map([
    ...predictFiles(predict),
    ["predict.d.ts", classifierTypes(model, { loader: LOADER, result: "$" })],
    ["package.json", packageJson(model, { "@tensorflow/tfjs": "^4.22.0" })],
    ["README.md", readme(model)],
  ]);
}

const LOADER = `
/** The functions of \`@tensorflow/tfjs\` that are used. */
export interface TensorFlow {
  readonly loadLayersModel: (...args: never[]) => unknown;
  readonly tensor2d: (...args: never[]) => unknown;
  readonly tensor3d: (...args: never[]) => unknown;
  readonly tidy: (...args: never[]) => unknown;
}

/** Loads the model in \`folder\`, an address or a path; by default that of this module. */
export function loadClassifier(tf: TensorFlow, folder?: string | URL): Promise<Classifier>;
`;

function readme(model: TrainedModel): string {
  const input = exampleInput(model);
  return `# A classifier for TensorFlow.js

Trained by Lockstep, run ${model.run}. In Node, Deno, Bun or a bundler, with \`npm install @tensorflow/tfjs@4.22.0\`:

\`\`\`js
import * as tf from "@tensorflow/tfjs";
import { loadClassifier } from "./predict.js";

const classifier = await loadClassifier(tf); // or loadClassifier(tf, "path/or/address/of/this/folder/")
console.log(classifier.predict(${input})); // { class, label, probabilities, … }
\`\`\`

In a page, where \`<script src="https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@4.22.0"></script>\` defines \`tf\`:

\`\`\`html
<script type="module">
  import { loadClassifier } from "./predict.js";
  const classifier = await loadClassifier(tf);
  console.log(classifier.predict(${input}));
</script>
\`\`\`

${inputTable(model)}
\`predict.d.ts\` has the types. TensorFlow.js computes LSTMs slowly: Lockstep's export to
plain JavaScript answers many times as fast.
`;
}
