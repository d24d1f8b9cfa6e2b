/** Checks the README and docs/ against the project: links, paths, names of tests, the diagram of folders, what CI runs. */
import { assert, assertEquals } from "@std/assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { importedFiles } from "./import_rules.ts";

const root = new URL("../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const exists = (path: string) => existsSync(new URL(path, root));
const filesBelow = (folder: string) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" }).map((path) => posix.join(folder, path));

const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "examples/README.md",
  ...readdirSync(new URL("docs/", root)).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
];
const FENCED = /^```[^]*?^```$/gm;

/** Returns the anchors of a page, as GitHub derives them from its headings. */
function anchorsOf(text: string): string[] {
  const headings = text.replace(FENCED, "").matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading]) =>
    heading!.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
  );
}

/** Returns the broken links of a page. */
function brokenLinks(page: string, text: string): string[] {
  const links = [...text.replace(FENCED, "").matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  return links.filter((link) => !/^https?:/.test(link)).filter((link) => {
    const [path, anchor] = link.split("#");
    const target = path === "" ? page : posix.join(posix.dirname(page), path!);
    if (!exists(target)) return true;
    return anchor !== undefined && !anchorsOf(target === page ? text : read(target)).includes(anchor);
  });
}

Deno.test("every link of a page leads to a file, and to a heading in it", () => {
  assert(PAGES.length > 10);
  for (const page of PAGES) assertEquals(brokenLinks(page, read(page)), [], page);
});

Deno.test("brokenLinks() finds a missing file and a missing heading", () => {
  const text = "# A b\n[x](nowhere.md) [y](#a-b) [z](#c) [h](http.md#no-such-part) [i](http.md#errors)";
  assertEquals(brokenLinks("docs/security.md", text), ["nowhere.md", "#c", "http.md#no-such-part"]);
});

const TESTS = filesBelow("tests").filter((path) => path.endsWith(".ts"));

/** Exists only after `deno task native`. */
const BUILT = "kernels/native/build/";

/** Returns the paths in a page's inline code that do not exist. A test file may be named without its folder. */
function missingPaths(text: string): string[] {
  const codes = [...text.replace(FENCED, "").matchAll(/`([^`\s]+)`/g)].map(([, code]) => code!);
  const paths = codes.filter((code) => /^(lib|tests|bench|kernels|deploy|workers|dashboard)\/[\w./-]*$/.test(code));
  const bare = codes.filter((code) => /^\w+_test\.ts$/.test(code));
  return [
    ...paths.filter((path) => path !== BUILT && !exists(path)),
    ...bare.filter((name) => !TESTS.some((path) => posix.basename(path) === name)),
  ];
}

Deno.test("every source file and test that a page names exists", () => {
  for (const page of PAGES) assertEquals(missingPaths(read(page)), [], page);
  assertEquals(missingPaths("`lib/nowhere.ts` `none_test.ts` `lib/` `docs_test.ts`"), [
    "lib/nowhere.ts",
    "none_test.ts",
  ]);
});

Deno.test("every protection of docs/security.md names its test", () => {
  const claims = read("docs/security.md").replace(/## Not protected[^]*/, "").replaceAll(/\n {2}/g, " ").split("\n")
    .filter((line) => /^(- |\| (?!threat|---))/.test(line));
  assert(claims.length > 35);
  assertEquals(claims.filter((claim) => !/_test\.ts`|`tests\/|`bench\//.test(claim)), []);
});

Deno.test("CI runs the commands of every page that has some", () => {
  const run = /\.ci\/tour\.ts (.+)/.exec(read(".ci/run"))![1]!;
  const pages = run.replaceAll(
    /(\S*)\{([^}]+)\}(\S*)/g,
    (_, before, names, after) => names.split(",").map((name: string) => `${before}${name}${after}`).join(" "),
  );
  assertEquals(pages.split(" ").toSorted(), PAGES.filter((page) => /^```sh$/m.test(read(page))).toSorted());
});

/** Returns the imports between the folders of lib/. Files directly in lib/ are "base". */
function folderImports(): Map<string, Set<string>> {
  const folderOf = (path: string) => path.split("/").length > 2 ? path.split("/")[1]! : "base";
  const imports = new Map<string, Set<string>>();
  for (const path of filesBelow("lib").filter((path) => path.endsWith(".ts"))) {
    const from = folderOf(path);
    const targets = imports.get(from) ?? new Set();
    imports.set(from, targets);
    for (const target of importedFiles(path, read(path)).filter((target) => target.startsWith("lib/"))) {
      if (folderOf(target) !== from) targets.add(folderOf(target));
    }
  }
  return imports;
}

/** Returns all nodes that are reachable from `start` without the arrow to `except`. */
function reachable(arrows: ReadonlyMap<string, ReadonlySet<string>>, start: string, except?: string): Set<string> {
  const found = new Set<string>();
  const waiting = [...arrows.get(start) ?? []].filter((target) => target !== except);
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    waiting.push(...arrows.get(at) ?? []);
  }
  return found;
}

Deno.test("the diagram in docs/how-it-works.md has the folders of lib/ and their imports", () => {
  const [folders, ...flows] = [...read("docs/how-it-works.md").matchAll(/^```mermaid\n([^]*?)^```$/gm)]
    .map(([, text]) => text!);
  const drawn = [...folders!.matchAll(/^ {2}(\w+) --> (\w+)$/gm)].map(([, from, to]) => `${from} --> ${to}`);
  const nodes = [...folders!.matchAll(/^ {2}(\w+)\["(\w+): /gm)].map(([, id, label]) => [id, label]);
  // The diagram leaves out arrows that follow from others, so that it stays readable.
  const imports = folderImports();
  const direct = [...imports].flatMap(([from, targets]) =>
    [...targets].filter((to) => !reachable(imports, from, to).has(to)).map((to) => `${from} --> ${to}`)
  );
  assertEquals(drawn.toSorted(), direct.toSorted());
  assertEquals(nodes.toSorted(), [...imports.keys()].map((name) => [name, name]).toSorted());
  assertEquals(flows.length, 2);
  for (const flow of flows) {
    const steps = [...flow.matchAll(/\["(\w+): /g)].map(([, folder]) => folder!);
    assert(steps.length > 5);
    assertEquals(steps.filter((folder) => !imports.has(folder)), []);
  }
});
