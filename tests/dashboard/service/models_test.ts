import { assertEquals, assertStringIncludes } from "@std/assert";
import { h } from "preact";
import { Models } from "../../../dashboard/service/service.ts";
import { DIGEST } from "../browser/fake_predictors.ts";
import { textOf } from "../rendered.ts";

const version = { state: "ready", round: 3, digest: DIGEST, bytes: 2_000_000, predictions: 1234, failures: 0 } as const;

Deno.test("Models shows the shares and counts of a model and of its canary", () => {
  const canary = { ...version, run: "run-b", share: 0.1, bytes: null, digest: null, predictions: 137, failures: 2 };
  const text = textOf(h(Models, { all: [{ ...version, name: "spam", run: "run-a", canary }] }));
  assertStringIncludes(text, `spam 90.0\u00a0% 1,234 0 run-a ${DIGEST.slice(0, 8)} `);
  assertStringIncludes(text, "spam, canary 10.0\u00a0% 137 2 run-b – –");
});

Deno.test("Models shows nothing for one model", () => {
  assertEquals(textOf(h(Models, { all: [{ ...version, name: "default", run: "run-a", canary: null }] })), "");
});
