import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { testEachSet } from "../../engine/native/libraries.ts";
import { latestOf, run, start, TINY, withFolder } from "../process.ts";

const recipe = [...TINY, "--epochs", "2", "--target-accuracy", "0", "--held-out", "300", "--exit", "--port", "0"];

/** Trains in a folder and returns what it prints, its digest and its manifest. */
async function trained(folder: string, kernels: string) {
  const { code, stdout, stderr } = await run("train", folder, [...recipe, "--runs-dir", folder, "--kernels", kernels]);
  assertEquals([code, stderr], [0, ""]);
  const manifest = JSON.parse(await Deno.readTextFile(join(await latestOf(folder), "run.json")));
  return { stdout, digest: /^Digest: +(\w+)$/m.exec(stdout)![1], engine: manifest.engine };
}

testEachSet(
  "--kernels names an instruction set, and gives the digest of WebAssembly",
  (library) =>
    withFolder(async (folder) => {
      const wasm = await trained(folder, "wasm");
      const native = await trained(folder, library.set);
      for (const [result, name] of [[wasm, "simd/wasm"], [native, `simd/${library.set}`]] as const) {
        assertStringIncludes(result.stdout, `engine ${name}\n`);
        assertEquals(result.engine, name);
      }
      assertEquals(native.digest, wasm.digest);
      const { code, stdout, stderr } = await run("verify", folder, [`${folder}/latest`, "--kernels", "wasm"]);
      assertEquals([code, stderr], [0, ""], stdout);
    }),
);

testEachSet(
  "predict answers alike with native and WebAssembly kernels, and serve names them",
  (library) =>
    withFolder(async (folder) => {
      await trained(folder, "wasm");
      const answer = async (kernels: string) => {
        const input = "[1,2,3,4,5,6,7,8]\n";
        const { code, stdout } = await run("predict", folder, [`${folder}/latest`, "--kernels", kernels], input);
        assertEquals(code, 0);
        return stdout;
      };
      assertEquals(await answer(library.set), await answer("wasm"));
      const server = start("serve", folder, [`${folder}/latest`, "--kernels", library.set]);
      const url = /http:\/\/\S+/.exec(await server.printed(/http:\/\/\S+ until/))![0];
      try {
        const tokens = JSON.stringify({ tokens: [1, 2, 3, 4, 5, 6, 7, 8] });
        const predicted = await fetch(`${url}/predict`, {
          method: "POST",
          body: tokens,
          headers: { "Content-Type": "application/json" },
        });
        assertEquals(predicted.status, 200, await predicted.text());
        const metrics = await (await fetch(`${url}/metrics`)).text();
        assertStringIncludes(metrics, `lockstep_engine_info{engine="simd",kernels="${library.set}"} 1`);
      } finally {
        await server.signalled("SIGINT");
      }
    }),
);

Deno.test("kernels that this processor cannot have are refused with 2 and a way out", () =>
  withFolder(async (folder) => {
    const foreign = Deno.build.arch === "aarch64" ? "avx2" : "neon";
    const { code, stderr } = await run("train", folder, [...recipe, "--runs-dir", folder, "--kernels", foreign]);
    assertEquals(code, 2);
    assert(stderr.startsWith(`error: Cannot use native kernels (--kernels ${foreign}): "`), stderr);
    assertEquals(stderr.trim().split("\n").length, 1);
  }));
