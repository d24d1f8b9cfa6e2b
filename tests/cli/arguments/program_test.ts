import { assertEquals } from "@std/assert";
import { PROGRAM, programName } from "../../../lib/cli/arguments/program.ts";

Deno.test("programName() is how the user starts a command", () => {
  const cases = [
    [true, "/clone/main.ts", false, "deno task"],
    [false, "/shop/node_modules/.bin/lockstep", false, "npx lockstep"],
    [false, "C:\\shop\\node_modules\\lockstep\\main.js", false, "npx lockstep"],
    [false, "/home/a/.npm/_npx/1/node_modules/.bin/lockstep", true, "npx lockstep"],
    [false, "/usr/local/bin/lockstep", false, "lockstep"],
    [false, "/usr/local/bin/lockstep", true, "npx lockstep"],
  ] as const;
  for (const [fromSources, script, isExec, name] of cases) assertEquals(programName(fromSources, script, isExec), name);
  assertEquals(PROGRAM, "deno task");
});
