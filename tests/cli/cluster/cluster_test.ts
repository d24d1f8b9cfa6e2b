/** Several processes of the product on one NATS server, as people start them. */
import { readFile } from "node:fs/promises";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { natsTest } from "../../cluster/nats/nats_server.ts";
import { inTemporaryDirectory } from "../../run/temporary.ts";
import { eventSchema } from "../../../lib/base/events.ts";
import { viewOf } from "./cluster_view.ts";
import { ENDLESS, latestOf, ROOT, SLOW, start, TINY } from "../process.ts";

const RECIPE = [
  "--shards=6",
  "--vocabulary=300",
  "--epochs=4",
  "--steps-per-epoch=15",
  "--target-accuracy=0",
  "--held-out=256",
  "--batch-size=16",
];
const COMMON = [...RECIPE, "--workers=1", "--exit", "--port=0"];

const digestIn = (stdout: string) => /Digest: +([0-9a-f]{64})/.exec(stdout)?.[1];

natsTest(
  "three processes end with the digest of one, and each has the whole run",
  async (server) =>
    await inTemporaryDirectory(async (folder) => {
      const alone = await start("train", folder, [...COMMON, `--runs-dir=${folder}/alone`]).finished;
      const cluster = [`--cluster=${server.url}`, "--name=three", "--min-nodes=3"];
      const processes = ["a", "b", "c"].map((node) =>
        start("train", folder, [...COMMON, ...cluster, `--node=${node}`, `--runs-dir=${folder}/${node}`])
      );
      const ended = await Promise.all(processes.map(({ finished }) => finished));
      for (const { code, stderr } of ended) assertEquals([code, stderr], [0, ""]);
      assert(digestIn(alone.stdout));
      assertEquals(ended.map(({ stdout }) => digestIn(stdout)), new Array(3).fill(digestIn(alone.stdout)));
      assertMatch(ended.map(({ stdout }) => stdout).join(), /Leads from round 1 on/);
    }),
);

natsTest(
  "killed processes, with the leader among them, do not change the result",
  async (server) =>
    await inTemporaryDirectory(async (folder) => {
      const recipe = [...COMMON, "--epochs=16"];
      const alone = await start("train", folder, [...recipe, `--runs-dir=${folder}/alone`]).finished;
      const join = (node: string, minNodes: number) => {
        const cluster = [`--cluster=${server.url}`, "--name=killed", `--node=${node}`, `--min-nodes=${minNodes}`];
        return start("train", folder, [...recipe, ...SLOW, ...cluster, `--runs-dir=${folder}/${node}`]);
      };
      const leader = join("a", 2);
      await leader.printed(/Leads from round 1 on/);
      const [victim, survivor] = [join("b", 1), join("c", 1)];
      // Until all three have sent something.
      await viewOf(leader, ({ members }) => members.filter(({ bytesUp }) => bytesUp > 0).length === 3);
      victim.signal("SIGKILL");
      await leader.printed(/are assigned again/);
      leader.signal("SIGKILL");
      const { code, stdout } = await survivor.finished;
      assertEquals(code, 0);
      assertMatch(stdout, /Leads from round/);
      assertEquals(digestIn(stdout), digestIn(alone.stdout));
      await Promise.all([leader.finished, victim.finished]);
    }),
);

natsTest(
  "GET /cluster and the events of any machine show all of them",
  async (server) =>
    await inTemporaryDirectory(async (folder) => {
      const cluster = [`--cluster=${server.url}`, "--name=seen", "--min-nodes=2", "--max-seconds=30"];
      const recipe = [...TINY, ...ENDLESS, "--shards=2", "--workers=1", "--exit", "--port=0"];
      const processes = ["a", "b"].map((node) =>
        start("train", folder, [...recipe, ...cluster, `--node=${node}`, `--runs-dir=${folder}/${node}`])
      );
      for (const [i, process] of processes.entries()) {
        const view = await viewOf(process, ({ members, leader }) => members.length === 2 && leader !== "");
        assertEquals(view.name, "seen");
        assertEquals(view.member, ["a", "b"][i]);
        assertEquals(view.members.map(({ member }) => member), ["a", "b"]);
        // Both know the incidents of one of them.
        await viewOf(process, ({ incidents }) =>
          incidents.some(({ member, message }) =>
            member === view.leader && /^Leads from round/.test(message)
          ));
      }
      for (const process of processes) process.signal("SIGTERM");
      for (const { code } of await Promise.all(processes.map(({ finished }) => finished))) assertEquals(code, 0);
      const logs = await Promise.all(
        ["a", "b"].map(async (node) => await readFile(`${await latestOf(`${folder}/${node}`)}/events.jsonl`, "utf8")),
      );
      const events = logs.map((log) => log.trim().split("\n").map((line) => eventSchema.parse(JSON.parse(line))));
      const told = events.flat().filter((event) => event.type === "incident").map(({ member = "" }) => member);
      assertEquals(told.filter((member) => member !== "").length > 0, true);
      // No machine has all shards, so that the drift between them is not known; it is not 0.
      const drifts = events.flat().flatMap((event) => event.type === "progress" ? [event.drift] : []);
      assert(drifts.length > 0);
      assertEquals(drifts.filter((drift) => drift !== null), []);
    }),
);

natsTest(
  "a machine with another config is refused, with what differs",
  async (server) =>
    await inTemporaryDirectory(async (folder) => {
      const cluster = [`--cluster=${server.url}`, "--name=same", `--runs-dir=${folder}/runs`];
      assertEquals((await start("train", folder, [...COMMON, ...cluster, "--epochs=1"]).finished).code, 0);
      const { code, stderr } = await start("train", folder, [...COMMON, ...cluster, "--epochs=2"]).finished;
      assertEquals(code, 2);
      assertMatch(stderr, /name is same: another run has that name on the server \(epochs is 1 there and 2 here\)/);
    }),
);

Deno.test("without --cluster no module of NATS or of the protocol is loaded", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", "main.ts"], cwd: ROOT })
    .output();
  const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout)) as Graph;
  const seen = new Set<string>();
  const visit = (specifier: string) => {
    if (seen.has(specifier)) return;
    seen.add(specifier);
    for (const { code, isDynamic } of modules.find((module) => module.specifier === specifier)?.dependencies ?? []) {
      if (!isDynamic && code?.specifier) visit(code.specifier);
    }
  };
  roots.forEach(visit);
  assert(seen.size > 100, `only ${seen.size} modules were found`);
  const ofCluster = (specifier: string) => /nats|^lib\/cluster\//.test(specifier.split(ROOT).at(-1)!);
  assertEquals([...seen].filter(ofCluster), []);
  // Which the whole graph has, so that the names are right.
  const named = modules.map(({ specifier }) => specifier).filter(ofCluster);
  assert(named.some((specifier) => specifier.endsWith("lib/cluster/nats/connection.ts")), "the protocol is not there");
  assert(
    named.some((specifier) => specifier.startsWith("npm:") || /\/@nats-io\//.test(specifier)),
    "NATS is not there",
  );
});

interface Graph {
  readonly roots: readonly string[];
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly code?: { readonly specifier?: string };
      readonly isDynamic?: boolean;
    }[];
  }[];
}
