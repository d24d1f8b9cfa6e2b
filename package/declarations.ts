/** Writes the type declarations of entry points, and of the modules whose types they name. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Matches the specifier of an import of a module of this project. */
const OWN_IMPORT = /(?<=\b(?:from|import\()\s*")(\.[^"]+)\.ts(?=")/g;
const DISPOSE = /\bSymbol\.(?:asyncD|d)ispose\b/;
/** Matches the property that tsc declares beside a method of such a name. */
const DISPOSE_PROPERTY = /^ *\[Symbol\.(?:asyncD|d)ispose\]: \(.*;\n/gm;

const OPTIONS: ts.CompilerOptions = {
  declaration: true,
  isolatedDeclarations: true,
  stripInternal: true,
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
};

/**
 * Writes the declarations of the modules `entries` to `folder`, at the places that they have in this project. They import
 * each other with the extension `js`, as tsc needs it, or `d.ts`, as Deno needs it.
 */
export async function writeDeclarations(
  entries: readonly string[],
  folder: string,
  extension: "js" | "d.ts",
): Promise<void> {
  const found = new Set(entries);
  for (const name of found) {
    const text = declarationsOf(name, await readFile(join(ROOT, name), "utf8"));
    for (const [, path] of text.matchAll(OWN_IMPORT)) found.add(join(dirname(name), `${path}.ts`));
    const target = join(folder, name.replace(/\.ts$/, ".d.ts"));
    await mkdir(dirname(target), { recursive: true });
    // Programs for older targets do not know these symbols; JSR permits no such line.
    const library = extension === "js" && DISPOSE.test(text) ? '/// <reference lib="esnext.disposable" />\n' : "";
    await writeFile(target, library + text.replaceAll(OWN_IMPORT, `$1.${extension}`));
  }
}

/** Returns some declarations of the module `name`, each with its comment: those that are called one of `wanted`. */
export async function someDeclarations(name: string, wanted: readonly string[]): Promise<string> {
  const text = declarationsOf(name, await readFile(join(ROOT, name), "utf8"));
  const { statements } = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found = statements.flatMap((statement) => {
    if (!ts.isDeclarationStatement(statement) || !wanted.includes(statement.name?.getText() ?? "")) return [];
    const comment = ts.getJSDocCommentsAndTags(statement).findLast((node) => ts.isJSDoc(node));
    return text.slice(comment?.pos ?? statement.getStart(), statement.end);
  });
  return found.join("\n\n");
}

/** Returns the declarations of the module `name`. Throws an Error if an export's type is not written out. */
function declarationsOf(name: string, text: string): string {
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(text, {
    fileName: name,
    compilerOptions: OPTIONS,
    reportDiagnostics: true,
  });
  if (diagnostics.length === 0) return outputText.replaceAll(DISPOSE_PROPERTY, "");
  const problems = ts.formatDiagnostics(diagnostics, {
    getCurrentDirectory: () => "",
    getCanonicalFileName: (path) => path,
    getNewLine: () => "\n",
  });
  throw new Error(`Declarations need the types of all exports:\n${problems}`);
}
