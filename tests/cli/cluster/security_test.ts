/** Processes of the product on NATS servers with TLS, accounts and limits. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeAccount } from "../../cluster/nats/accounts.ts";
import { makeCertificate, opensslAbsence } from "../../cluster/nats/certificates.ts";
import { natsAbsence, NatsServer, testUnless } from "../../cluster/nats/nats_server.ts";
import { runPermissions } from "../../cluster/nats/run_permissions.ts";
import { inTemporaryDirectory } from "../../run/temporary.ts";
import { type Finished, run, start } from "../process.ts";

const RECIPE = ["--shards=4", "--epochs=5", "--steps-per-epoch=20", "--target-accuracy=0", "--held-out=64"];
const COMMON = [...RECIPE, "--batch-size=16", "--workers=1", "--exit", "--port=0"];

const digestIn = ({ stdout }: Finished) => /Digest: +([0-9a-f]{64})/.exec(stdout)?.[1];

/** Asserts that it ended with one line about bad input, without a stack. */
function isRefused({ code, stderr }: Finished, words: RegExp): void {
  assertMatch(stderr, words);
  assertEquals(code, 2);
  assertEquals(stderr.trim().split("\n").length, 1, stderr);
}

/** A server whose configuration is `text`, in a folder of its own. */
async function withServer(text: string, args: readonly string[], use: (server: NatsServer) => Promise<void>) {
  await inTemporaryDirectory(async (folder) => {
    const path = join(folder, "nats.conf");
    await writeFile(path, text);
    await using server = await NatsServer.start(["-c", path, ...args]);
    await use(server);
  });
}

testUnless(
  natsAbsence() ?? opensslAbsence(),
  "over TLS, with only the documented permissions, machines end with the digest of one",
  () =>
    inTemporaryDirectory(async (folder) => {
      const account = await makeAccount();
      const permissions = await runPermissions("tickets");
      const { ca, cert, key } = await makeCertificate(folder, "server", ["IP:127.0.0.1"]);
      const alone = await run("train", folder, [...COMMON, `--runs-dir=${folder}/alone`]);
      await withServer(account.config, ["--tls", `--tlscert=${cert}`, `--tlskey=${key}`], async (server) => {
        const join = (node: string, credentials: string, authority = ca) =>
          run("train", folder, [
            ...COMMON,
            `--cluster=tls://127.0.0.1:${server.port}`,
            `--cluster-ca=${authority}`,
            `--cluster-credentials=${credentials}`,
            ...["--name=tickets", `--node=${node}`, "--min-nodes=2", `--runs-dir=${folder}/${node}`],
          ]);
        const users = ["a", "b"].map((node) => account.user(folder, node, { permissions }));
        const ended = await Promise.all(["a", "b"].map(async (node, i) => await join(node, await users[i]!)));
        for (const { code, stderr } of ended) assertEquals([code, stderr], [0, ""]);
        assert(digestIn(alone));
        assertEquals(ended.map(digestIn), new Array(2).fill(digestIn(alone)));
        // The server denied nothing, in enough rounds for the log to be cut.
        assertEquals(server.said.match(/.*Violation.*/g), null);

        const stranger = (await makeAccount()).user(folder, "stranger");
        const confined = account.user(folder, "confined", { permissions: await runPermissions("others") });
        const other = await makeCertificate(folder, "other", ["IP:127.0.0.1"]);
        const refusals = await Promise.all([
          join("c", await stranger),
          join("d", await confined),
          join("e", await users[0]!, other.ca),
        ]);
        isRefused(refusals[0], /rejects this machine \(Authorization Violation\)/);
        isRefused(refusals[1], /lacks a permission \(Permissions Violation for Publish/);
        isRefused(refusals[2], /its certificate is not trusted/);
      });
    }),
);

testUnless(
  natsAbsence(),
  "expired credentials end a machine; resume with others gives the same digest",
  () =>
    inTemporaryDirectory(async (folder) => {
      const recipe = [...COMMON, "--hidden=8", "--embedding=4", "--epochs=40"];
      const alone = await run("train", folder, [...recipe, `--runs-dir=${folder}/alone`]);
      const account = await makeAccount();
      await withServer(account.config, [], async ({ url }) => {
        const cluster = [`--cluster=${url}`, "--name=short"];
        const trained = async (seconds: number) => {
          const credentials = await account.user(folder, "short", { seconds });
          const more = [`--cluster-credentials=${credentials}`, `--runs-dir=${folder}/runs`, "--chaos=slow=1"];
          return await run("train", folder, [...recipe, ...cluster, ...more]);
        };
        let ended = await trained(3);
        // On a slow machine they end before it has begun: that is refused as bad input.
        for (const seconds of [6, 12, 24]) if (ended.code === 2) ended = await trained(seconds);
        const { code, stdout, stderr } = ended;
        assertEquals([code, stderr], [1, ""]);
        const reason =
          "The NATS server rejects this machine now: (User Authentication Expired|Authorization Violation)";
        assertMatch(stdout, new RegExp(`^Failed: The link to the other machines failed: ${reason}`, "m"));

        const later = `--cluster-credentials=${await account.user(folder, "long")}`;
        const args = [`${folder}/runs/latest`, ...cluster, later, "--workers=1", "--exit", "--port=0"];
        const resumed = await start("resume", folder, args).finished;
        assertEquals([resumed.code, resumed.stderr], [0, ""]);
        assertEquals(digestIn(resumed), digestIn(alone));
      });
    }),
);

testUnless(
  natsAbsence(),
  "a run that is too large for the server is refused before it begins, with the sizes",
  () =>
    inTemporaryDirectory(async (folder) => {
      const small = [...COMMON, "--name=small", `--runs-dir=${folder}/runs`];
      await withServer("max_payload: 100000", [], async ({ url }) => {
        const ended = await run("train", folder, [...small, `--cluster=${url}`]);
        isRefused(ended, /its max_payload is 100000 bytes: expected at least 528384/);
      });
      const account = await makeAccount(10_000_000);
      await withServer(account.config, [], async ({ url }) => {
        const credentials = `--cluster-credentials=${await account.user(folder, "user")}`;
        const ended = await run("train", folder, [...small, `--cluster=${url}`, credentials, "--min-nodes=4"]);
        isRefused(
          ended,
          /a round of 4 members has \d+ bytes .* \+ 8388608 = \d+ bytes, and the server may hold 9\d{6}: expected a server/,
        );
        // Nothing of it was begun.
        const { code, stderr } = await run("train", folder, [...small, `--cluster=${url}`, credentials]);
        assertEquals([code, stderr], [0, ""]);
      });
    }),
);
