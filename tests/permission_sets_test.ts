import { assertEquals } from "@std/assert";
import { join, relative } from "node:path";
import { z } from "zod";
import { ROOT, withFolder } from "./cli/process.ts";
import { INSTRUCTION_SETS } from "../lib/config/kernels.ts";
import { libraryPath } from "../lib/engine/simd/native/sources.ts";
import denoJson from "../deno.json" with { type: "json" };

const sets = z.record(z.string(), z.record(z.string(), z.unknown())).parse(denoJson.permissions);

/** The library of native kernels, by the names that it has on the systems and processors that have one. */
const LIBRARIES = ["linux", "darwin"].flatMap((os) =>
  Object.keys(INSTRUCTION_SETS).map((arch) => relative(ROOT, libraryPath(os, arch)))
);

/** Write where the user says, and drop the permission for all else before they read their inputs. */
const WRITE_ANYWHERE: readonly string[] = ["check", "predict", "evaluate", "export"];

Deno.test("no set lets a task run programs or load libraries, and four let it write anywhere", () => {
  for (const [name, { write = [], ffi, ...set }] of Object.entries(sets)) {
    assertEquals([set.run, set.all, set.import], [undefined, undefined, undefined], name);
    assertEquals(ffi, ["export", "runs", "check"].includes(name) ? undefined : LIBRARIES, name);
    const wanted = { serve: ["runs"], verify: [], runs: [], train: ["runs"], check: ["/"], predict: ["/"] }[name] ??
      ["/", "runs"];
    assertEquals(write, wanted, name);
  }
});

/** Tries to write in `folder`, which is outside of the runs, as a malicious dependency would. */
const PRYING = `
const [folder, restricting, ...kept] = Deno.args;
if (restricting) (await import(restricting)).restrictWriting(kept);
const tries = {
  file: () => Deno.writeTextFileSync(folder + "/direct", "x"),
  link: () => Deno.symlinkSync(folder, "runs/out"),
  hardLink: () => Deno.linkSync(folder + "/victim", "runs/victim"),
  rename: () => Deno.renameSync(folder + "/victim", "runs/victim"),
  remove: () => Deno.removeSync(folder + "/victim"),
  ln: () => new Deno.Command("ln", { args: ["-sfn", folder, "runs/out"] }).outputSync(),
  library: () => Deno.dlopen("libc.so.6", {}),
  beside: () => Deno.dlopen(folder + "/victim", {}),
  self: () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync(),
};
const permitted = [];
for (const [name, attempt] of Object.entries(tries)) {
  try { attempt(); permitted.push(name); } catch (error) { if (!(error instanceof Deno.errors.NotCapable)) throw error; }
}
console.log(JSON.stringify(permitted));
`;

for (const name of Object.keys(sets)) {
  const [when, restricting] = WRITE_ANYWHERE.includes(name)
    ? [" once its output is known", [import.meta.resolve("../lib/cli/arguments/reading.ts"), "runs/x", "runs/x.tmp"]]
    : ["", []];
  Deno.test(`code that runs with the set ${name} finds no way to write outside of the runs${when}`, () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(join(folder, "victim"), "precious");
      const module = `data:text/javascript,${encodeURIComponent(PRYING)}`;
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-q", "--no-prompt", "--config=deno.json", `-P=${name}`, module, folder, ...restricting],
        cwd: ROOT,
      }).output();
      assertEquals([new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)], ["[]\n", ""]);
      assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), ["victim"]);
      assertEquals(await Deno.readTextFile(join(folder, "victim")), "precious");
    }));
}
