/** What a file under lib/ may import and how long it may be, read off its text. */
import { posix } from "node:path";

/** The parts of lib/, each layer above those that may use it. A part may use itself and every layer before its own. */
const LAYERS = [
  ["abort", "counted", "errors", "printable"],
  ["config", "events", "random", "turns"],
  ["data"],
  ["model", "baseline"],
  ["engine"],
  ["lockstep"],
  ["cluster"],
  ["run"],
  ["predict"],
  ["serve"],
  ["cli"],
];
const OUTSIDE = /^(main\.ts|workers|tests|bench)(\/|$)/;
/** Serving sees no tensor. */
const CLOSED_TO_SERVE = /^(lib\/(engine|lockstep)\/|(npm:)?@tensorflow\/)/;
const MAX_LINES = 300;

const COMMENT = /\/\*[^]*?\*\/|^\s*\/\/.*$/gm;
const SPECIFIER = /\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g;
const COMPUTED = /\bimport\s*\(\s*[^"'\s]/;
const RE_EXPORT = /\b(?:import|export)\s+(?:type\s+)?[\w*{}\s,]*(?:\sfrom\s*["'][^"']+["'])?;/g;

/** What is wrong with a file of lib/ at `path` (`lib/run/files.ts`), in words. */
export function importProblems(path: string, text: string): string[] {
  const code = text.replace(COMMENT, "");
  const problems = [...code.matchAll(SPECIFIER)].flatMap(([, specifier]) => arrowProblem(path, specifier!) ?? []);
  if (COMPUTED.test(code)) problems.push(`${path} imports something computed`);
  if (code.replace(RE_EXPORT, "").trim() === "") problems.push(`${path} only passes on what others export`);
  const lines = text.trimEnd().split("\n").length;
  if (lines > MAX_LINES) problems.push(`${path} has ${lines} lines, expected at most ${MAX_LINES}`);
  return problems;
}

function arrowProblem(path: string, specifier: string): string | undefined {
  const target = specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier;
  const arrow = `${path} imports ${target}`;
  const from = partOf(path);
  if (OUTSIDE.test(target)) return `${arrow}, which lies outside lib/`;
  if (from === "serve" && CLOSED_TO_SERVE.test(target)) return `${arrow}, which serve/ must not see`;
  if (!target.startsWith("lib/")) return undefined;
  const to = partOf(target);
  const [low, high] = [layerOf(to), layerOf(from)];
  if (low < 0 || high < 0) return `${arrow}, but one of them is in no layer`;
  if (from !== to && low >= high) return `${arrow}, against the order of the parts`;
  return undefined;
}

/** `lib/run/files.ts` → `run`, `lib/errors.ts` → `errors`. */
function partOf(path: string): string {
  return path.split("/")[1]!.replace(/\.ts$/, "");
}

function layerOf(part: string): number {
  return LAYERS.findIndex((parts) => parts.includes(part));
}
