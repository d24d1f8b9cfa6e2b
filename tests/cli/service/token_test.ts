import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { readToken } from "../../../lib/cli/service/service.ts";
import { labelTokenProblem } from "../../../lib/serve/pipeline/access.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { run, withFolder } from "../process.ts";
import { withModel, WORDS } from "../saved_model.ts";

const TOKEN = "0123456789abcdef";

Deno.test("readToken() reads it from file or environment, and requires it except on loopback", () =>
  withFolder(async (folder) => {
    const tokenFile = `${folder}/token`;
    await Deno.writeTextFile(tokenFile, `${TOKEN}\n`, { mode: 0o600 });
    assertEquals(await readToken({ host: "0.0.0.0", tokenFile }), TOKEN);
    assertEquals(await readToken({ host: "127.0.0.1", tokenFile }), TOKEN);
    for (const host of ["127.0.0.1", "localhost", "::1"]) {
      assertEquals(await readToken({ host, tokenFile: "" }), undefined);
    }
    for (const host of ["0.0.0.0", "::", "192.168.1.5", "lockstep.example"]) {
      await assertRejects(
        () => readToken({ host, tokenFile: "" }),
        InputError,
        "but there is no token for clients: use --token-file",
      );
    }
    // In a process of its own: tests run side by side, in one environment.
    const script = `import { readToken } from ${
      JSON.stringify(import.meta.resolve("../../../lib/cli/service/service.ts"))
    };
      for (const tokenFile of ["", Deno.args[0]]) console.log(await readToken({ host: "0.0.0.0", tokenFile }));`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", script, tokenFile],
      env: { LOCKSTEP_TOKEN: `${TOKEN}-2` },
    }).output();
    assertEquals(new TextDecoder().decode(stdout), `${TOKEN}-2\n${TOKEN}\n`);
  }));

Deno.test("readToken() says what is wrong with a token or its file", () =>
  withFolder(async (folder) => {
    const tokenFile = `${folder}/token`;
    await assertRejects(
      () => readToken({ host: "::1", tokenFile }),
      InputError,
      `Cannot read the token file "${tokenFile}"`,
    );
    await Deno.writeTextFile(tokenFile, TOKEN);
    if (Deno.build.os !== "windows") {
      for (const mode of [0o666, 0o602, 0o620]) {
        await Deno.chmod(tokenFile, mode);
        await assertRejects(
          () => readToken({ host: "::1", tokenFile }),
          InputError,
          `its mode is 0${mode.toString(8)}`,
        );
      }
      for (const mode of [0o444, 0o644, 0o400, 0o600]) {
        await Deno.chmod(tokenFile, mode);
        assertEquals(await readToken({ host: "::1", tokenFile }), TOKEN);
      }
    }
    for (const bad of ["", "short", "with blanks in between", "0123456789abcdé"]) {
      await Deno.writeTextFile(tokenFile, bad);
      await assertRejects(
        () => readToken({ host: "::1", tokenFile }),
        InputError,
        "expected at least 16, without blanks",
      );
    }
  }));

Deno.test("train on a public address exits with 2 without a token", () =>
  withFolder(async (folder) => {
    const { code, stderr } = await run("train", folder, ["--host", "0.0.0.0", "--port", "0", "--runs-dir", folder]);
    assertEquals(code, 2);
    assertStringIncludes(
      stderr,
      "error: --host is 0.0.0.0, which other machines can reach, but there is no token for clients: use --token-file",
    );
  }));

Deno.test("labelTokenProblem() refuses a token that protects nothing", () => {
  const other = "fedcba9876543210";
  assertEquals(labelTokenProblem(other, TOKEN), undefined);
  assertStringIncludes(labelTokenProblem(other, undefined)!, "needs another token");
  assertStringIncludes(labelTokenProblem(TOKEN, TOKEN)!, "expected another one");
  assertStringIncludes(labelTokenProblem("short", TOKEN)!, "expected at least 16");
});

Deno.test("serve says what a token of people who label needs", () =>
  withModel(WORDS, async (folder, directory) => {
    const file = `${folder}/token`;
    await Deno.writeTextFile(file, TOKEN, { mode: 0o600 });
    const without = await run("serve", folder, [directory, "--label-token-file", file]);
    assertStringIncludes(without.stderr, "expected no value without --collect");
    const alone = await run("serve", folder, [directory, "--label-token-file", file, "--collect"]);
    assertStringIncludes(alone.stderr, "needs another token, for all other requests: use --token-file FILE");
  }));
