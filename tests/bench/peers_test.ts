import { assert, assertStringIncludes } from "@std/assert";
import { findPackage } from "../../bench/peers/pytorch.ts";
import { executableAbsence, optionalTest } from "../optional.ts";

const PYTHON = "/usr/bin/python3";

Deno.test("findPackage() says which module is missing, and what to install", async () => {
  const found = await findPackage("Some peer", "sys, no_such_module", "apt-get install some-peer");
  assert("reason" in found);
  assertStringIncludes(found.reason, `Some peer is left out: ${PYTHON} has no sys or no_such_module`);
  assertStringIncludes(found.reason, "try apt-get install some-peer");
});

optionalTest(executableAbsence(PYTHON), {
  name: "findPackage() returns the version of the first module",
  fn: async () => assert("version" in await findPackage("JSON", "json, sys", "nothing")),
});
