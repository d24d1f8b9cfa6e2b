/** Servers with TLS and accounts accept the right clients, and others get a reason. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectNats } from "../../../lib/cluster/nats/connection.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { inTemporaryDirectory } from "../../run/temporary.ts";
import { makeAccount } from "./accounts.ts";
import { makeCertificate, opensslAbsence } from "./certificates.ts";
import { natsAbsence, NatsServer, testUnless } from "./nats_server.ts";
import { runPermissions } from "./run_permissions.ts";

interface Access {
  readonly url: string;
  readonly credentials?: string;
  readonly tlsCa?: string;
}

/** Connects and sends the first requests of a run. */
async function enter({ url, credentials = "", tlsCa = "" }: Access): Promise<void> {
  const transport = await connectNats({ url, run: "secure", credentials, tlsCa });
  try {
    await transport.publish("up", new Uint8Array(1), { id: "1" });
    await transport.write("run", "{}", "new");
    assert(await transport.register("run"));
  } finally {
    await transport.close();
  }
}

/** Checks that a machine that connects changes no existing message. */
async function keepsMessages(url: string, credentials: string): Promise<void> {
  const [first, second] = [0, 1].map(() => connectNats({ url, run: "secure", credentials, tlsCa: "" }));
  const transport = await first!;
  const before = await transport.publish("up", new Uint8Array(2), { id: "2" });
  await (await second!).close();
  await enter({ url, credentials });
  const stop = new AbortController();
  const kept: number[] = [];
  for await (const { sequence } of transport.read("up", 1, stop.signal)) {
    kept.push(sequence);
    if (sequence >= before!) break;
  }
  stop.abort();
  await transport.close();
  assertEquals(kept, [1, before]);
}

async function isRefused(access: Access, words: string): Promise<void> {
  const error = await assertRejects(() => enter(access), InputError);
  assert(error.message.includes(words), error.message);
  assert(!error.message.includes("\n"), "a stack trace, or more than one problem");
}

testUnless(
  natsAbsence() ?? opensslAbsence(),
  "connectNats() over TLS accepts only the right certificate",
  async () => {
    await inTemporaryDirectory(async (folder) => {
      const right = await makeCertificate(folder, "right", ["IP:127.0.0.1"]);
      // A certificate for this host's name is not valid for its address.
      const named = await makeCertificate(folder, "named", ["DNS:localhost", "IP:10.1.2.3"]);
      const tls = (key: string, cert: string) => NatsServer.start(["--tls", "--tlskey", key, "--tlscert", cert]);
      await using server = await tls(right.key, right.cert);
      await using other = await tls(named.key, named.cert);
      await using plain = await NatsServer.start();
      const at = ({ port }: NatsServer, scheme = "tls", host = "127.0.0.1") => `${scheme}://${host}:${port}`;

      await enter({ url: at(server), tlsCa: right.ca });
      await enter({ url: at(other, "tls", "localhost"), tlsCa: named.ca });

      await isRefused({ url: at(server), tlsCa: named.ca }, "its certificate is not trusted");
      await isRefused({ url: at(server) }, "this system trusts; see `clusterCa`");
      await isRefused({ url: at(other), tlsCa: named.ca }, "its certificate is another host's");
      await isRefused({ url: at(server, "tls", "localhost"), tlsCa: right.ca }, "its certificate is another host's");
      await isRefused({ url: at(server, "nats") }, "it requires TLS");
      await isRefused({ url: at(plain) }, `it has no TLS: expected ${at(plain, "nats")} and no \`clusterCa\``);
      await isRefused({ url: at(plain, "nats"), tlsCa: right.ca }, "it has no TLS");
      await isRefused({ url: at(server), tlsCa: right.key }, "has no certificate: expected PEM");
      await isRefused({ url: at(server), tlsCa: join(folder, "none.pem") }, "Cannot read");
    });
  },
);

testUnless(natsAbsence(), "connectNats() with accounts accepts only the right credentials", async () => {
  await inTemporaryDirectory(async (folder) => {
    const account = await makeAccount();
    await writeFile(join(folder, "nats.conf"), account.config);
    await using server = await NatsServer.start(["-c", join(folder, "nats.conf")]);
    const { url } = server;
    await enter({ url, credentials: await account.user(folder, "anything") });

    const stranger = await (await makeAccount()).user(folder, "stranger");
    await isRefused({ url, credentials: stranger }, `expected other credentials than "${stranger}"`);
    // Many times: the server resets a connection while the client closes it, which must not end the process.
    for (let i = 0; i < 50; i++) {
      await isRefused({ url }, "(Authorization Violation): expected `clusterCredentials`");
    }
    const broken = join(folder, "broken.creds");
    await writeFile(broken, "no credentials");
    await isRefused({ url, credentials: broken }, "is not a NATS credentials file");
    await isRefused({ url, credentials: join(folder, "none.creds") }, "Cannot read");
  });
});

testUnless(
  natsAbsence(),
  "connectNats() needs exactly the permissions of docs/cluster.md",
  async () => {
    await inTemporaryDirectory(async (folder) => {
      const account = await makeAccount();
      await writeFile(join(folder, "nats.conf"), account.config);
      await using server = await NatsServer.start(["-c", join(folder, "nats.conf")]);
      const { url } = server;
      const all = await runPermissions("secure");
      assert(all.publish.length > 10);
      await enter({ url, credentials: await account.user(folder, "all", { permissions: all }) });
      // A user of one machine, which may not write the registers of others.
      const ofOne = ["run", "lease", "member.me"].map((key) => `$KV.lockstep-secure.${key}`);
      const own = { ...all, publish: [...all.publish.filter((subject) => !subject.startsWith("$KV.")), ...ofOne] };
      await enter({ url, credentials: await account.user(folder, "own", { permissions: own }) });
      for (const [i, subject] of all.publish.entries()) {
        // The bucket and the stream exist, so the permissions to create them are not needed.
        if (/CREATE\.(KV_)?lockstep-secure$/.test(subject)) continue;
        const permissions = { ...all, publish: all.publish.filter((other) => other !== subject) };
        const credentials = await account.user(folder, `but-${i}`, { permissions });
        await isRefused({ url, credentials }, `the account lacks a permission (Permissions Violation for Publish to "`);
      }
      await keepsMessages(url, await account.user(folder, "keeper", { permissions: all }));
      const deaf = await account.user(folder, "deaf", { permissions: { ...all, subscribe: ["nothing"] } });
      await isRefused({ url, credentials: deaf }, "Permissions Violation for Subscription");
      const other = await account.user(folder, "other", { permissions: await runPermissions("other") });
      await isRefused({ url, credentials: other }, `"$JS.API.STREAM.INFO.lockstep-secure"`);
      assertEquals(server.said.match(/panic/), null);
    });
  },
);
