import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fromCaller } from "../../../lib/cli/arguments/caller.ts";
import { ROOT, withFolder } from "../process.ts";

Deno.test("fromCaller() is a path from where the command was given", () => {
  const here = Deno.cwd();
  const cases: readonly (readonly [path: string, caller: string, expected: string])[] = [
    ["rows.csv", join(here, "sub"), join("sub", "rows.csv")],
    ["./rows.csv", join(here, "sub"), join("sub", "rows.csv")],
    ["../rows.csv", join(here, "sub", "deep"), join("sub", "rows.csv")],
    ["..", join(here, "sub"), "."],
    ["../-", join(here, "sub"), "./-"],
    ["rows.csv", "/elsewhere", "/elsewhere/rows.csv"],
    ["../../x", join(here, "sub"), join(here, "..", "x")],
    ["/data/rows.csv", join(here, "sub"), "/data/rows.csv"],
  ];
  for (const [path, caller, expected] of cases) assertEquals(fromCaller(path, caller), expected, path);
  assertEquals(fromCaller("rows.csv", undefined), "rows.csv");
});

/** The task `check` by `deno task`, called in `cwd`. */
async function check(cwd: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "--config", join(ROOT, "deno.json"), "check", ...args],
    cwd,
    stdin: "null",
    // The tests themselves may have been started by a task.
    env: { NO_COLOR: "1", INIT_CWD: cwd, ...env },
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test("files and flags that are files are looked for where the command was given", () =>
  withFolder(async (folder) => {
    const rows = Array.from({ length: 40 }, (_, row) => `words number ${row},${row % 2 ? "odd" : "even"}`);
    await Deno.writeTextFile(join(folder, "rows.csv"), ["text,label", ...rows].join("\n"));
    await Deno.writeTextFile(join(folder, "test.csv"), ["text,label", ...rows.slice(0, 9)].join("\n"));
    assertStringIncludes(await check(folder, ["rows.csv", "--test", "test.csv"]), "Training would accept this data");
    assertStringIncludes(
      await check(folder, ["rows.csv", "--test", "none.csv"]),
      `Cannot read "${join(folder, "none.csv")}"`,
    );
    assertStringIncludes(await check(join(ROOT, "docs"), ["cli.md"]), "docs/cli.md");
    assertStringIncludes(await check(ROOT, ["none.csv"]), 'error: Cannot read "none.csv"');
  }));
