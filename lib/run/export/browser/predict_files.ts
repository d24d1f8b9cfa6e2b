/** The modules of an exported model for JavaScript: `predict.js` of a format, and what it imports. */
import huggingFace from "../js/huggingface.gen.js" with { type: "text" };
import reading from "./reading.gen.js" with { type: "text" };

/** Returns the files by name; `predict` is the source of the format's own module. */
export function predictFiles(predict: string): [name: string, text: string][] {
  const own = predict.replaceAll("../browser/entry.ts", "./reading.js");
  return [
    ["predict.js", `// @ts-self-types="./predict.d.ts"\n${own}`],
    ["reading.js", reading],
    // Only models with such a tokenizer load it, but bundlers look for it.
    ["huggingface.js", huggingFace],
  ];
}
