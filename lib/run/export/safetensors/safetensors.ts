/** Exports a model for PyTorch: its tensors, and a module that reads texts and n-grams as this program does. */
import { encodeSafetensors } from "../../../model/formats/safetensors.ts";
import { toPytorch } from "../../../model/formats/pytorch.ts";
import { namesAsMetadata } from "../../../model/formats/weight_names.ts";
import { trainedModel } from "../../../model/task_model.ts";
import type { TrainedModel } from "../../../predict/trained_model.ts";
import { exampleInput, type ExportFormat, type Files, inputTable, textsOf, tokenizerNote } from "../format.ts";
import { pythonFiles, pythonModule, requirements } from "../python/python_module.ts";
import modelPy from "./model.py" with { type: "text" };

export const safetensors: ExportFormat = {
  description: "model.safetensors, with PyTorch's names and shapes, and the model.py that loads it",
  copied: [],
  make: files,
  note: (model) => tokenizerNote(model, "model.py"),
};

function files(model: TrainedModel): Files {
  const { config, labels, version, preprocessing } = model;
  const { spec, layout } = trainedModel(config, labels);
  const names = namesAsMetadata({ labels, vocabulary: preprocessing?.vocabulary });
  const metadata = { format: "pt", digest: version.digest, ...names };
  return new Map<string, Uint8Array | string>([
    ["model.safetensors", encodeSafetensors({ metadata, tensors: toPytorch(spec, layout, version.weights) })],
    ["model.py", pythonModule(modelPy)],
    ...pythonFiles(model),
    ["requirements.txt", requirements(model, ["torch>=1.13,<3"])],
    ["README.md", readme(model)],
  ]);
}

function readme(model: TrainedModel): string {
  const { preprocessing } = model;
  const example = preprocessing?.columns
    ? `'${exampleInput(model).replaceAll("'", "'\\''")}'`
    : preprocessing
    ? "where is my parcel"
    : "21 6 37";
  const line = preprocessing?.columns ? "object" : preprocessing ? "text" : "list of token ids";
  return `# A classifier for PyTorch

Trained by Lockstep, run ${model.run}. With Python 3.9 or later and \`pip install -r requirements.txt\`:

\`\`\`python
import model

classifier = model.load("path/of/this/folder")
print(classifier.predict(${exampleInput(model)}))  # {"class": …, "label": …, "probabilities": […], …}
\`\`\`

On the command line: \`python3 model.py ${example}\`, or \`python3 model.py < rows.txt\` with
one ${line} in each line.

${inputTable(model)}${
    textsOf(model) === "hugging face"
      ? "\nTexts need the package \`tokenizers\`; without it the model takes tokens by name and token ids.\n"
      : ""
  }
\`requirements.txt\` has the versions that should work. Tested are torch 1.13 with numpy
1.24, and tokenizers 0.23; before torch 2.3, numpy must be older than 2.

\`model.safetensors\` has the weights of \`nn.Embedding\`, \`nn.LSTM\` and \`nn.Linear\` under PyTorch's names, and
\`classifier.lstm\` is the \`nn.Module\`. Lockstep can start another training from this file.
`;
}
