/**
 * Tests that need something that a machine may lack: a browser, PyTorch, a message server. They are skipped with the
 * reason where it is absent, and fail where `LOCKSTEP_REQUIRE=all` says that everything must be there, as in CI.
 */
import { accessSync, constants } from "node:fs";

const isRequired = Deno.env.get("LOCKSTEP_REQUIRE") === "all";
/** The file into which each test here writes its origin for `suite/run.ts`: Deno reports that they are all from this one. */
const origins = Deno.env.get("LOCKSTEP_TEST_ORIGINS");

/** Registers a test; `absence` is the reason why it cannot run here, undefined if it can. */
export function optionalTest(absence: string | undefined, test: Deno.TestDefinition): void {
  if (origins) Deno.writeTextFileSync(origins, `${Deno.mainModule} ${test.name}\n`, { append: true });
  if (absence === undefined) return Deno.test(test);
  if (!isRequired) return Deno.test({ ...test, name: `${test.name} (skipped: ${absence})`, ignore: true });
  Deno.test({
    ...test,
    fn() {
      throw new Error(`The test cannot run, and LOCKSTEP_REQUIRE=all requires it: ${absence}`);
    },
  });
}

/** Why the program `name` cannot be run with `args`; undefined if it ends with 0. */
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

/** Why there is no file to execute at `path`; undefined if there is one. */
export function executableAbsence(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return undefined;
  } catch {
    return `there is no ${path}`;
  }
}
