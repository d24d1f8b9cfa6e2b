/** Trains on a real server whose connections are cut, and which is killed and restarted. */
import { assertEquals } from "@std/assert";
import { Random, Stream } from "../../../lib/base/numbers/random.ts";
import { until } from "../../serve/http/reading.ts";
import { startMachine } from "./nats_machine.ts";
import type { NatsServer } from "./nats_server.ts";
import { openProxy } from "./proxy.ts";
import { toyResult } from "../toy/toy_shards.ts";

export interface FaultyRounds {
  /** Number of resets, each of the connections of one machine. */
  readonly cuts: number;
  /** Number of kills and restarts of the server, with its store. */
  readonly kills: number;
}

/** Trains `count` rounds on three machines, with a fault every 40 to 80 rounds. Throws if a digest is wrong. */
export async function faultyRounds(server: NatsServer, count: number): Promise<FaultyRounds> {
  const toy = { shards: 5, rounds: count, size: 600 };
  const names = ["a", "b", "c"];
  const proxies = await Promise.all(names.map(() => openProxy(server.port)));
  const machines = await Promise.all(names.map((name, i) => startMachine(proxies[i]!.url, name, toy, 0)));
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
  // The digest depends on every message: it differs if one is lost or counted twice.
  assertEquals(machines.map(({ local }) => local.digest), new Array(3).fill(toyResult(toy)));
  return { cuts, kills };
}
