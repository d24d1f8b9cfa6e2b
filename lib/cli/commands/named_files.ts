/** Tells whether the arguments of `predict` are texts or files. */
import { stat } from "node:fs/promises";
import { join, parse } from "node:path";
import { type InputError, inputError } from "../../base/errors.ts";
import { isMissingPermission } from "../../platform/permissions.ts";
import { FORMATS } from "../../formats/rows.ts";
import { dataFiles } from "../arguments/arguments.ts";
import { fromCaller } from "../arguments/caller.ts";
import { PROGRAM } from "../arguments/program.ts";

/** Matches names of files that are probably meant to be read, not classified. */
const FILE_NAME = new RegExp(
  `^\\S+\\.(${[...FORMATS.flatMap(({ extensions }) => extensions), "json", "txt", "xlsx"].join("|")})(\\.gz)?$`,
  "i",
);

/**
 * Returns the files whose rows are to be classified: those of `--data`, or with `--out` those of the arguments or standard
 * input. Without these flags, throws an InputError if an argument is a file, or if the only one looks like a file that does
 * not exist.
 */
export async function filesOf(
  { data, out }: Readonly<Record<string, unknown>>,
  words: readonly string[],
  behind: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  const refuse = (name: string, what: string) => {
    const message = `${JSON.stringify(name)} ${what}: use --data FILE to classify the rows of a file, ` +
      "or put a text with this name behind --";
    return inputError(name, message);
  };
  if (data !== undefined || out !== undefined) {
    const files = data === undefined && words.length === 0 ? ["-"] : dataFiles(data, words);
    if (behind) throw refuse(behind.join(" "), "is a text, which --data and --out do not allow");
    return files;
  }
  const isFile = await Promise.all(words.map(isFileName));
  if (words.length > 0 && isFile.every(Boolean) && !behind) throw meantFile(words);
  const strange = words.find((word, index) => isFile[index] || (words.length === 1 && FILE_NAME.test(word)));
  if (strange === undefined) return undefined;
  throw refuse(
    strange,
    isFile.some(Boolean) ? "is a file, but not all arguments are" : "is not an existing file",
  );
}

/** Asks what is to be done with `files`, which are named where a text is expected. */
function meantFile(files: readonly string[]): InputError {
  const [file = ""] = files;
  const name = JSON.stringify(file);
  const { dir, name: stem, ext } = parse(file.replace(/\.gz$/i, ""));
  const labelled = JSON.stringify(join(dir, `${stem}.labelled${ext}`));
  const what = files.length > 1 ? "are files" : "is a file";
  return inputError(
    file,
    [
      `${files.map((file) => JSON.stringify(file)).join(", ")} ${what}. Did you mean to`,
      `write its rows with their labels: ${PROGRAM} predict RUN --data ${name} --out ${labelled};`,
      `print an answer in JSON for each row: ${PROGRAM} predict RUN --data ${name};`,
      `or classify the name as a text: ${PROGRAM} predict RUN -- ${name}?`,
    ].join(" "),
  );
}

/** Tells whether `word` is the name of a file. */
async function isFileName(word: string): Promise<boolean> {
  try {
    return (await stat(fromCaller(word))).isFile();
  } catch (error) {
    // Reading the file later reports the missing permission.
    return isMissingPermission(error) && FILE_NAME.test(word);
  }
}
