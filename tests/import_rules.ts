/** Checks the imports and the length of a file of lib/ by its text. */
import { posix } from "node:path";

/** The layers of lib/, the lowest first. A part may import itself and lower layers. */
const LAYERS = [
  ["platform"],
  ["base"],
  ["formats"],
  ["config"],
  ["data"],
  ["model", "ngrams"],
  ["engine"],
  ["standalone"],
  ["lockstep"],
  ["cluster", "predict"],
  ["run"],
  ["report"],
  ["serve"],
  ["cli", "api"],
];
const OUTSIDE = /^(main\.ts|workers|tests|bench)(\/|$)/;
/** Serving uses no tensors. */
const CLOSED_TO_SERVE = /^(lib\/(engine|lockstep)\/|(npm:)?@tensorflow\/)/;
const MAX_LINES = 300;

/** Matches names that only one runtime has. */
const OF_ONE_RUNTIME = /\bDeno\.|\bBun\.|\bglobalThis\.addEventListener|\bnew Worker\(|worker_threads/;

const COMMENT = /\/\*[^]*?\*\/|^\s*\/\/.*$/gm;
const SPECIFIER = /\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g;
const COMPUTED = /\bimport\s*\(\s*[^"'\s]/;
const RE_EXPORT = /\b(?:import|export)\s+(?:type\s+)?[\w*{}\s,]*(?:\sfrom\s*["'][^"']+["'])?;/g;

/** Describes the problems of a file of lib/ at `path` (`lib/run/files/files.ts`). */
export function importProblems(path: string, text: string): string[] {
  const code = text.replace(COMMENT, "");
  const problems = [...code.matchAll(SPECIFIER)].flatMap(([, specifier]) => arrowProblem(path, specifier!) ?? []);
  if (!path.startsWith("lib/platform/")) problems.push(...runtimeProblems(path, text));
  if (COMPUTED.test(code)) problems.push(`${path} imports something computed`);
  if (code.replace(RE_EXPORT, "").trim() === "") problems.push(`${path} only passes on what others export`);
  const lines = text.trimEnd().split("\n").length;
  if (lines > MAX_LINES) problems.push(`${path} has ${lines} lines, expected at most ${MAX_LINES}`);
  return problems;
}

/** Reports a name in the file at `path` that only one runtime has. */
export function runtimeProblems(path: string, text: string): string[] {
  const [only] = OF_ONE_RUNTIME.exec(text.replace(COMMENT, "")) ?? [];
  return only === undefined ? [] : [`${path} has ${only}, which belongs in lib/platform`];
}

/**
 * Finds the circles among `files` (path → text), where imports of types count as well: each circle is a sorted list of
 * files. The method is Tarjan's (1972).
 */
export function importCircles(files: ReadonlyMap<string, string>): string[][] {
  return circlesOf(arrowsOf(files));
}

/** Finds the circles among the subfolders of the folder `part` and the files beside them. */
export function roomCircles(files: ReadonlyMap<string, string>, part: string): string[][] {
  const roomOf = (path: string) => path.split("/").slice(0, part.split("/").length + 1).join("/");
  const arrows = new Map<string, string[]>();
  for (const [path, targets] of arrowsOf(files)) {
    if (!path.startsWith(`${part}/`)) continue;
    const room = roomOf(path);
    const others = targets.filter((target) => target.startsWith(`${part}/`)).map(roomOf);
    arrows.set(room, [...arrows.get(room) ?? [], ...others.filter((other) => other !== room)]);
  }
  return circlesOf(arrows);
}

/** Counts the files that lie in each folder of `paths`, those of its subfolders left out. */
export function filesByFolder(paths: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const folder = posix.dirname(path);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return counts;
}

/** Lists what each of `files` imports among them. */
function arrowsOf(files: ReadonlyMap<string, string>): Map<string, string[]> {
  return new Map(
    [...files].map(([path, text]) => [path, importedFiles(path, text).filter((target) => files.has(target))]),
  );
}

/** Returns the strongly connected components of more than one node, and nodes with an arrow to themselves. */
function circlesOf(arrows: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  function visit(node: string): number {
    const number = order.size;
    order.set(node, number);
    lowest.set(node, number);
    open.push(node);
    for (const target of arrows.get(node) ?? []) {
      const reached = !order.has(target) ? visit(target) : open.includes(target) ? order.get(target)! : number;
      lowest.set(node, Math.min(lowest.get(node)!, reached));
    }
    if (lowest.get(node) === number) {
      const circle = open.splice(open.indexOf(node)).sort();
      if (circle.length > 1 || arrows.get(node)?.includes(node)) circles.push(circle);
    }
    return lowest.get(node)!;
  }
  for (const node of arrows.keys()) if (!order.has(node)) visit(node);
  return circles;
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

/** Returns the part of lib/ of a file: `run` for `lib/run/files/lock.ts`. */
function partOf(path: string): string {
  return path.split("/")[1]!.replace(/\.ts$/, "");
}

function layerOf(part: string): number {
  return LAYERS.findIndex((parts) => parts.includes(part));
}

/** Lists the files of the project that the file at `path` imports. */
export function importedFiles(path: string, text: string): string[] {
  return [...text.replace(COMMENT, "").matchAll(SPECIFIER)].map(([, specifier]) => specifier!)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => posix.join(posix.dirname(path), specifier));
}
