/** Runs the tests of HTTP on a socket also on Node's server, and on Bun's. */
import project from "../../deno.json" with { type: "json" };
import { assertMatch } from "@std/assert";
import { join } from "node:path";
import { writeBundle } from "../../package/bundle.ts";
import { optionalTest } from "../optional.ts";
import { installedProject, npmAbsence, removeProject, runIn } from "../package/project.ts";
import { executableOf, type RuntimeName } from "./runtimes.ts";

Deno.test.afterAll(removeProject);

let bundled: Promise<string> | undefined;

/** Bundles the tests in a project with the packages that they import. */
async function bundle(): Promise<string> {
  const { folder } = await installedProject();
  await runIn(folder, "npm", "install", "--no-fund", "--no-audit", project.imports["fast-check"].replace("npm:", ""));
  await writeBundle(folder, "http_on_node", "tests/platform/http_on_node.ts");
  return join(folder, "http_on_node.js");
}

for (const name of ["Node 26", "Bun"] satisfies RuntimeName[]) {
  optionalTest(npmAbsence, {
    name: `startServer() keeps its limits and refuses unclear targets and hosts on ${name}`,
    async fn() {
      const script = await (bundled ??= bundle());
      assertMatch(await runIn(".", await executableOf(name), script), /^[1-9]\d tests passed\n$/);
    },
  });
}
