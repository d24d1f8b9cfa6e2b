/** Rounds over a real server whose connections are cut, and which is killed and started again. */
import { assertEquals } from "@std/assert";
import { wallClock } from "../../../lib/cluster/protocol/clock.ts";
import { Machine } from "../../../lib/cluster/roles/machine.ts";
import { connectNats } from "../../../lib/cluster/nats/connection.ts";
import { Random, Stream } from "../../../lib/base/random.ts";
import { until } from "../../serve/http/reading.ts";
import type { NatsServer } from "./nats_server.ts";
import { openProxy } from "./proxy.ts";
import { TOY_CLAIM, toyResult, ToyShards } from "../toy/toy_shards.ts";

const TIMES = { leaseMs: 1000, roundMs: 3000, compareEvery: { rounds: 10 } };

export interface FaultyRounds {
  /** Connections that were reset, each of one machine. */
  readonly cuts: number;
  /** Times that the server was killed and started again, with its store. */
  readonly kills: number;
}

/** Three machines through `count` rounds, with a fault every 40 to 80 of them. Throws if a digest is not the right one. */
export async function faultyRounds(server: NatsServer, count: number): Promise<FaultyRounds> {
  const toy = { shards: 5, rounds: count, size: 600 };
  const names = ["a", "b", "c"];
  const proxies = await Promise.all(names.map(() => openProxy(server.port)));
  const machines = await Promise.all(names.map(async (member, i) => {
    const transport = await connectNats({ url: proxies[i]!.url, run: "faults", credentials: "", tlsCa: "" });
    const local = new ToyShards(toy, wallClock, 0);
    const setting = { run: "faults", claim: TOY_CLAIM, member, life: "1", workers: 1, minNodes: 1, ...TIMES };
    const machine = new Machine({ ...setting, transport, local });
    return { local, ended: machine.run(new AbortController().signal).finally(() => transport.close()) };
  }));
  let ended = false;
  const all = Promise.all(machines.map(({ ended }) => ended)).finally(() => ended = true);
  all.catch(() => {}); // It is awaited below.
  const random = new Random(11, Stream.chaos);
  let [cuts, kills] = [0, 0];
  const rounds = () => Math.max(...machines.map(({ local }) => local.round));
  while (!ended) {
    const next = rounds() + 40 + random.below(40);
    await until(() => ended || rounds() >= next, `round ${next}`);
    if (ended) break;
    // The second fault is the first restart, and every fourth after it.
    if ((cuts + kills) % 4 === 1) {
      kills++;
      await server.kill();
      await server.resume();
    } else {
      cuts++;
      proxies[random.below(names.length)]!.cut();
    }
  }
  await all;
  await Promise.all(proxies.map((proxy) => proxy.close()));
  // What depends on every message of every round: one that is lost or counted twice makes another digest.
  assertEquals(machines.map(({ local }) => local.digest), new Array(3).fill(toyResult(toy)));
  return { cuts, kills };
}
