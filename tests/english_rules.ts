// deno-lint-ignore-file no-console -- a script for people, where it is not a module of a test
/**
 * Finds phrases that the project does not use. `deno run -A tests/english_rules.ts lib dashboard` lists those of a folder,
 * with the counts at the end.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { posix } from "node:path";
import { trainHelp } from "../lib/cli/arguments/help.ts";
import { checkHelp } from "../lib/cli/commands/check.ts";
import { evaluateHelp } from "../lib/cli/commands/evaluate.ts";
import { predictHelp } from "../lib/cli/commands/predict.ts";

/** The files and folders that people read. They may have none of the phrases. */
export const CHECKED = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "docs",
  "examples",
  ".ci",
  "workers",
  "lib",
  "dashboard",
  "kernels",
  "bench",
  "package",
  "tests",
  "main.ts",
  "deno.json",
  "deploy",
];

export interface Phrase {
  readonly pattern: RegExp;
  /** Says what to write instead. */
  readonly reason: string;
}

/** Matches a space in a phrase: white space, also with the end of a line and the start of a comment's next line. */
const GAP = "[\\s*/]+";

/** Makes a phrase of whole words. A space in the regular expression `source` is a gap between words. */
function words(source: string, reason: string): Phrase {
  return { pattern: new RegExp(`\\b(?:${source.replaceAll(" ", GAP)})\\b`, "gi"), reason };
}

export const PHRASES: readonly Phrase[] = [
  words("go(?:es)? on|going on|went on|gone on", "say resume (a run) or continue"),
  words("judg(?:e[ds]?|ing|e?ments?)", "say evaluate, evaluation"),
  words("held(?:-| )out", "say validation set, validation rows"),
  words("figures?", "say metrics, statistics or numbers"),
  words("the very", "say exactly the same, or leave it out"),
  words("as (?:it is|it was|they are|they were)(?! not)", "say unchanged or verbatim"),
  words("comes? to|came to|coming to", "say gives, results in or equals"),
  words("there (?:is|are|was|were) to \\w+|nothing to tell", "use a subject and a verb"),
  words("that there (?:is|are)(?: not)?(?! (?:no|a|an)\\b)", "say missing, available or existing"),
  words("(?:that|which) (?:is|are|was) none", "say invalid, or name what is missing"),
  words("is what it says", "say verified or matches"),
  words("alone", "say only, or by itself"),
  words("whoever|whomever", "name who: the caller, a client, a user"),
  words("whatever(?! the (?:number|order|umask))", "say any, every or everything"),
  words("nobody|somebody", "name who: no client, no thread, another program"),
  words("to the letter", "say exactly"),
  words("undisturbed|that nothing disturbed", "say uninterrupted"),
  words("(?:is|are|be|was|were|been|gets?) told|tells? of|told of", "say reported, describes or knows"),
  words("becomes? of|goes? about", "say what is done"),
  words("mend(?:s|ed|ing)?", "say fix or repair"),
  words("heed(?:s|ed)?", "say ignored or respected"),
  words("wish(?:es)?", "say request"),
  words("earns?", "say adds or gains"),
  words("mak(?:e|es|ing) (?:its|their) own data|data sets? that make themselves", "say generated data"),
  words("nothing but", "say only"),
  words("written aside|aside from training", "say to a temporary file, or in the background"),
  words("(?:packed|cuts?|computes?|reads?) otherwise", "say differently"),
  words("in the mean(?! (?:of|time))", "say on average"),
  words("for ever", "say forever or without end"),
  words("hand(?:s|ed)? on", "say pass or forward"),
  words("of (?:before|old)|as ever", "say when, or earlier"),
  {
    pattern: /(?:^|[.:;] )(?:It does(?: so)?|They do|They should)\.(?=\s|$)/gm,
    reason: "say what it does, with its verb and object",
  },
  {
    pattern: /(?:^|[.;] )Who (?:asks|comes|waits|loses|leaves|differs|may|can|has|does|writes|sends|reads)\b/gm,
    reason: "begin with a noun: a client that asks",
  },
];

/** Words that may not begin a comment or a paragraph, as it then lacks a subject or a verb. */
const OPENING = "(?:What|Whether|Whoever|Whatever|Of)\\b";
const OPENINGS = {
  code: new RegExp(`(?:\\/\\*\\*?|(?<![:\\w])\\/\\/)[\\s*]*${OPENING}(?![^.*]*\\?)`, "g"),
  prose: new RegExp(`(?<=^|\\n\\n|(?:^|\\n)[-*] |[.;:] )${OPENING}(?![^.?]*\\?)`, "g"),
};

export interface Finding {
  readonly line: number;
  readonly text: string;
  readonly reason: string;
}

/** Finds the phrases in the text of the file at `path`, in order. */
export function findPhrases(path: string, text: string): Finding[] {
  const isProse = path.endsWith(".md");
  const read = isProse ? proseOf(text) : /\.(?:ts|js)$/.test(path) ? proseOfCode(path, text) : text;
  const opening = {
    pattern: isProse ? OPENINGS.prose : OPENINGS.code,
    reason: "begin with a verb, or with a subject and a verb",
  };
  return [...PHRASES, opening].flatMap(({ pattern, reason }) =>
    [...read.matchAll(pattern)].map((match) => ({
      line: read.slice(0, match.index).split("\n").length,
      text: match[0].replaceAll(/[\s*/]+/g, " ").trim(),
      reason,
    }))
  ).sort((a, b) => a.line - b.line);
}

/** Overwrites a part of a text, and keeps its lines. */
const blank = (part: string) => part.replaceAll(/[^\n]/g, "·");
const INLINE_CODE = /`[^`]*`/g;

/**
 * Returns a page without code, printed output, help of commands (which is checked in its source) and the names of tests
 * that it quotes behind →.
 */
function proseOf(text: string): string {
  const prose = [trainHelp(), checkHelp(), predictHelp(), evaluateHelp()].reduce(
    (rest, help) => rest.replace(help, blank),
    text,
  );
  return prose.replaceAll(/^```[^]*?^```$/gm, blank).replaceAll(INLINE_CODE, blank)
    .replaceAll(/→[^]*?(?=\n- |\n\n|$(?![^]))/g, (claim) => claim.replaceAll(/"[^"]*"/g, blank));
}

const COMMENT = /\/\*[^]*?\*\/|\/\/.*/g;
const COMMENT_OR_STRING = new RegExp(`${COMMENT.source}|"(?:\\\\.|[^"\\\\\n])*"|\`(?:\\\\.|[^\`\\\\])*\``, "g");

/**
 * Returns comments, and strings of several words. Names in the code are not English, and files and routes fix some of them.
 * Strings of examples are the data that they generate.
 */
function proseOfCode(path: string, text: string): string {
  let prose = "";
  let end = 0;
  for (const { 0: part, index } of text.matchAll(COMMENT_OR_STRING)) {
    const isComment = part.startsWith("/");
    prose += blank(text.slice(end, index));
    prose += isComment
      ? part.replaceAll(INLINE_CODE, blank)
      : part.includes(" ") && !path.startsWith("examples/")
      ? part
      : blank(part);
    end = index + part.length;
  }
  return prose + blank(text.slice(end));
}

/** The rules and their test have the phrases themselves, and fixtures are files of earlier versions. */
const EXCEPT = /^tests\/(?:fixtures\/|english_(?:rules|test)\.ts$)/;
const TEXT_FILE = /\.(?:md|ts|js|html|css|json|sh|py|yaml|service|timer)$|^\.ci\/run$|\/Dockerfile$/;
const ROOT = new URL("../", import.meta.url);

/** Lists the files at or below `path` that people read, from the project's root. */
export function textFiles(path: string): string[] {
  const url = new URL(path, ROOT);
  if (!statSync(url).isDirectory()) return [path];
  return readdirSync(url, { recursive: true, encoding: "utf8" }).map((name) => posix.join(path, name))
    .filter((name) => TEXT_FILE.test(name) && !EXCEPT.test(name))
    .toSorted();
}

export function findIn(path: string): string[] {
  return textFiles(path).flatMap((name) =>
    findPhrases(name, readFileSync(new URL(name, ROOT), "utf8"))
      .map(({ line, text, reason }) => `${name}:${line}: "${text}": ${reason}`)
  );
}

if (import.meta.main) {
  const counts = Deno.args.map((path) => {
    const found = findIn(path);
    for (const finding of found) console.log(finding);
    return `${path}: ${found.length} in ${textFiles(path).length} files`;
  });
  console.log(counts.join("\n"));
}
