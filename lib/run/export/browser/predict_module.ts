/** Builds `predict.js` of an exported model: one module for browsers, which has all that it uses. */
import { browserModules } from "./modules.ts";

const IMPORT = /^import\b[^;]*;\n/gm;

/** Returns the module `predict` with all modules that it imports behind it. */
export function predictModule(predict: string): string {
  return `// @ts-self-types="./predict.d.ts"\n${predict.replaceAll(IMPORT, "").trim()}\n\n${browserModules()}\n`;
}
