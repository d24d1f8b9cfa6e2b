/** Exports a model as a folder that predicts without any package, in every runtime of JavaScript. */
import { type TrainedModel, wholeModel } from "../../../predict/trained_model.ts";
import { encodeModel } from "../../../standalone/model_file.ts";
import { formOf } from "../../../formats/columns.ts";
import { type ExportFormat, type Files, tokenizerNote } from "../format.ts";
import forward from "../../../../kernels/forward.wasm" with { type: "bytes" };
import products from "../../../../kernels/forward_products.wasm" with { type: "bytes" };
import huggingFace from "./huggingface.gen.js" with { type: "text" };
import types from "./index.gen.d.ts" with { type: "text" };
import index from "./index.gen.js" with { type: "text" };

export const js: ExportFormat = {
  description: "index.js and model.lockstep: predicts in Node, Deno, Bun and browsers, without any package",
  copied: [],
  standsAlone: true,
  make,
  note: (model) => tokenizerNote(model),
};

async function make(model: TrainedModel): Promise<Files> {
  return new Map<string, Uint8Array | string>([
    ["package.json", packageJson(model)],
    ["index.js", index],
    // Only models with such a tokenizer load it, but bundlers look for it.
    ["huggingface.js", huggingFace],
    ["forward.wasm", forward],
    ["forward_products.wasm", products],
    ["index.d.ts", types],
    ["model.lockstep", await encodeModel(wholeModel(model))],
    ["README.md", readme(model)],
  ]);
}

function packageJson({ run }: TrainedModel): string {
  const content = {
    name: `lockstep-${run.toLowerCase()}`,
    version: "1.0.0",
    private: true,
    type: "module",
    exports: { ".": { types: "./index.d.ts", default: "./index.js" }, "./*": "./*" },
    types: "./index.d.ts",
    sideEffects: false,
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

function readme({ run, labels, preprocessing, config }: TrainedModel): string {
  const ids = Array.from({ length: config.length }, (_, index) => index % config.vocabulary);
  const isPlain = preprocessing && preprocessing.tokenizer.kind !== "codes";
  const known = preprocessing ? preprocessing.vocabulary.slice(0, 3) : ids;
  const example = JSON.stringify(isPlain ? "where is my parcel?" : known);
  return `# The model of run ${run}

Classes: ${labels.slice(0, 20).join(", ")}${labels.length > 20 ? ", …" : ""}.

\`\`\`js
import { load } from "./index.js";
const model = await load();
console.log(model.predict(${preprocessing?.columns ? formOf(preprocessing.columns) : example}));
\`\`\`

This works in Node from version 22 on, in Deno and in Bun, and on a page in \`<script type="module">\`. \`load()\` reads
\`model.lockstep\` beside \`index.js\`; \`load(url)\` reads it from elsewhere. Vite takes the file along; with esbuild, place it
beside the bundle. \`model.predictMany(inputs, { top: 3 })\` predicts many inputs in
batches and lists the most probable classes, and \`model.explain(text)\` says what each token adds to an answer;
\`index.d.ts\` describes all of it.

Cloudflare's workers compile no bytes. Import the files there:

\`\`\`js
import forward from "./forward.wasm";
import products from "./forward_products.wasm";
const model = await load(url, { kernels: { forward, products } });
\`\`\`
`;
}
