import { assertEquals, assertThrows } from "@std/assert";
import { parseFlags } from "../../bench/flags.ts";
import { ENGINES } from "../../bench/train/engines.ts";
import { SHAPES } from "../../bench/train/shapes.ts";
import { InputError } from "../../lib/base/errors.ts";

function refused(...args: string[]): string {
  try {
    parseFlags(args);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error(`${args.join(" ")} was taken`);
}

Deno.test("parseFlags() selects everything by default", () => {
  const { sections, engines, shapes } = parseFlags([]);
  assertEquals(sections, ["step", "scaling", "recipe"]);
  assertEquals(engines, ENGINES);
  assertEquals(shapes, SHAPES);
});

Deno.test("parseFlags() takes several kernels, and the best ones by default", () => {
  assertEquals(parseFlags([]).kernels, ["auto"]);
  assertEquals(parseFlags(["--kernels", "wasm,avx2"]).kernels, ["wasm", "avx2"]);
  assertEquals(
    refused("--kernels", "sse"),
    '--kernels is "sse": expected one or more of auto,native,wasm,avx512,avx2,neon',
  );
});

Deno.test("parseFlags() sorts shapes from small to large", () => {
  assertEquals(parseFlags(["--shapes", "2,0"]).shapes, [SHAPES[0]!, SHAPES[2]!]);
});

Deno.test("parseFlags() prefers a flag to --quick", () => {
  const quick = parseFlags(["--quick", "--repeats", "4"]);
  assertEquals(quick.repeats, 4);
  assertEquals(quick.seconds, parseFlags(["--quick"]).seconds);
});

Deno.test("parseFlags() leaves the length of the warm-up to the stages, if it is not given", () => {
  assertEquals(parseFlags([]).warmUpSeconds, undefined);
  assertEquals(parseFlags(["--warm-up", "20"]).warmUpSeconds, 20);
});

Deno.test("parseFlags() names the flag, the value and what was expected", () => {
  assertEquals(refused("--shapes", "0,9"), '--shapes is "0,9": expected numbers from 0 to 4, such as 0,1');
  assertEquals(refused("--repeats", "1.5"), '--repeats is "1.5": expected a whole number from 1 to 1000');
  assertEquals(refused("--seconds", "soon"), '--seconds is "soon": expected a number from 0.1 to 3600');
  assertEquals(refused("--warm-up", "0"), '--warm-up is "0": expected a number from 1 to 3600');
  assertEquals(refused("--only", "steps"), '--only is "steps": expected step or scaling or recipe');
  assertEquals(refused("--json"), '--json is "": expected a file name');
});

Deno.test("parseFlags() suggests a flag for an unknown one", () => {
  assertEquals(refused("--repeat", "2").split("\n")[0], "Unknown flag --repeat: did you mean --repeats?");
});

Deno.test("parseFlags() reports all problems at once", () => {
  assertThrows(() => parseFlags(["--shapes", "x", "--limit", "0", "stray"]), InputError, "stray");
  assertEquals(refused("--shapes", "x", "--limit", "0", "stray").split("\n").length, 3);
});
