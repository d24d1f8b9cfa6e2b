/**
 * Registers tests that need a program which a machine may lack: a browser, PyTorch, a message server. Without it they are
 * skipped with the reason. With `LOCKSTEP_REQUIRE=all`, as in CI, they fail instead, but for those that need a program or
 * package of the list `LOCKSTEP_WITHOUT`.
 */
import { accessSync, constants } from "node:fs";

const isRequired = Deno.env.get("LOCKSTEP_REQUIRE") === "all";
const withoutThem = (Deno.env.get("LOCKSTEP_WITHOUT") ?? "").split(" ").filter((name) => name !== "");
/** The file into which each test here writes its origin for `suite/run.ts`: Deno reports that they are all from this one. */
const origins = Deno.env.get("LOCKSTEP_TEST_ORIGINS");

/** Registers a test. `absence` says why it cannot run here; it is undefined if it can. */
export function optionalTest(absence: string | undefined, test: Deno.TestDefinition): void {
  if (origins) Deno.writeTextFileSync(origins, `${Deno.mainModule} ${test.name}\n`, { append: true });
  if (absence === undefined) return Deno.test(test);
  const isExcused = withoutThem.some((name) => absence.includes(name));
  if (!isRequired || isExcused) return Deno.test({ ...test, name: `${test.name} (skipped: ${absence})`, ignore: true });
  Deno.test({
    ...test,
    fn() {
      throw new Error(`The test cannot run, and LOCKSTEP_REQUIRE=all requires it: ${absence}`);
    },
  });
}

/** Returns why the program `name` cannot run with `args`, or undefined if it exits with 0. */
export function programAbsence(name: string, args: readonly string[]): string | undefined {
  try {
    const { success } = new Deno.Command(name, { args: [...args], stdin: "null", stdout: "null", stderr: "null" })
      .outputSync();
    return success ? undefined : `${name} ${args.join(" ")} fails`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `${name} is not installed`;
    throw error;
  }
}

/** Returns why no program is at `path`, or undefined if there is one. */
export function executableAbsence(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return undefined;
  } catch {
    return `there is no ${path}`;
  }
}
