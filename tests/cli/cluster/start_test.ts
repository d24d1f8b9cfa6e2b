/** A process that starts while its NATS server is down, as after a power cut. */
import { assertEquals, assertMatch } from "@std/assert";
import { readdir, readFile } from "node:fs/promises";
import { ExitCode } from "../../../lib/cli/exit_codes.ts";
import { natsTest } from "../../cluster/nats/nats_server.ts";
import { inTemporaryDirectory } from "../../run/temporary.ts";
import { ROOT, start, TINY } from "../process.ts";

const COMMON = [...TINY, "--epochs=1", "--shards=2", "--workers=1", "--exit", "--port=0"];
/** No server listens on this port. */
const NOWHERE = "--cluster=nats://127.0.0.1:1";

const startIn = (folder: string, flags: readonly string[]) =>
  start("train", folder, [...COMMON, "--name=late", `--runs-dir=${folder}/runs`, ...flags]);

const runsIn = (folder: string) => readdir(`${folder}/runs`).catch(() => []);

natsTest(
  "train --cluster waits for a server that is down, says so once, and trains when it is up",
  async (server) =>
    await inTemporaryDirectory(async (folder) => {
      await server.kill();
      const process = startIn(folder, [`--cluster=${server.url}`]);
      await process.noted(/\n/);
      await server.resume();
      const { code, stdout, stderr } = await process.finished;
      assertEquals(code, ExitCode.done);
      assertMatch(stdout, /Digest: /);
      const expected =
        `Waiting for the NATS server at ${server.url}, up to 60 s. Cannot reach the NATS server "${server.url}": `;
      assertEquals(stderr.trim().split("\n").map((line) => line.slice(0, expected.length)), [expected]);
    }),
);

Deno.test("an absent server is exit code 1, which the systemd unit restarts; bad input is not", async () => {
  await inTemporaryDirectory(async (folder) => {
    const gone = await startIn(folder, [NOWHERE, "--cluster-wait=0.1"]).finished;
    assertMatch(gone.stderr, /^error: Cannot reach the NATS server "nats:\/\/127.0.0.1:1": .* within 0.1 s$/m);
    const bad = await startIn(folder, [NOWHERE, "--cluster-wait=-1"]).finished;
    assertEquals([gone.code, bad.code], [ExitCode.failed, ExitCode.badInput]);
    assertEquals(await runsIn(folder), []);
  });
  const unit = await readFile(`${ROOT}deploy/systemd/lockstep@.service`, "utf8");
  const setting = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1];
  assertEquals([setting("Restart"), setting("RestartPreventExitStatus")], ["on-failure", String(ExitCode.badInput)]);
});

Deno.test("a signal ends a process that waits for its server at once, and leaves no run", async () => {
  await inTemporaryDirectory(async (folder) => {
    const process = startIn(folder, [NOWHERE, "--cluster-wait=3600"]);
    await process.noted(/Waiting for the NATS server/);
    process.signal("SIGTERM");
    assertEquals((await process.finished).code, ExitCode.done);
    assertEquals(await runsIn(folder), []);
  });
});

Deno.test("--cluster-wait without --cluster is refused", async () => {
  await inTemporaryDirectory(async (folder) => {
    const { code, stderr } = await start("train", folder, [...COMMON, "--cluster-wait=5"]).finished;
    assertEquals(code, ExitCode.badInput);
    assertMatch(stderr, /--cluster-wait is 5: expected 60 without --cluster/);
  });
});
