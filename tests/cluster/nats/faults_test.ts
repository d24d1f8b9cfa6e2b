import { assert } from "@std/assert";
import { faultyRounds } from "./faults.ts";
import { natsTest } from "./nats_server.ts";

// bench/cluster/faults.ts does the same for 1,000 rounds, which takes a minute.
natsTest(
  "200 rounds on NATS with cut connections and a killed server give the same digest",
  async (server) => {
    const { cuts, kills } = await faultyRounds(server, 200);
    assert(cuts >= 1 && kills >= 1, `${cuts} cuts, ${kills} restarts`);
  },
);
