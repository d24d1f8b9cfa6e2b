/** Swaps models under load, over real connections and with real prediction threads. */
import { assert, assertEquals } from "@std/assert";
import { type Model, serve, train } from "../../mod.ts";
import { SMALL, smallRows } from "./small.ts";

const REQUESTS = 10_000;
const CLIENTS = 16;
const SWAPS = 6;
/** Requests that are answered between two swaps. */
const BETWEEN = 1000;

/** Counts, and lets one waiter wait for a count. */
class Counter {
  count = 0;
  #wanted = Infinity;
  #reached = () => {};

  add(): void {
    if (++this.count >= this.#wanted) this.#reached();
  }

  reaches(count: number): Promise<void> {
    if (this.count >= count) return Promise.resolve();
    return new Promise((resolve) => [this.#wanted, this.#reached] = [count, resolve]);
  }
}

async function withTwo(use: (models: readonly [Model, Model], runsDir: string) => Promise<void>): Promise<void> {
  const runsDir = await Deno.makeTempDir();
  try {
    await using one = await train({ ...SMALL, data: smallRows(), epochs: 1, runsDir });
    await using other = await train({ ...SMALL, data: smallRows(), epochs: 1, runsDir, seed: 9 });
    await use([one.model, other.model], runsDir);
  } finally {
    await Deno.remove(runsDir, { recursive: true });
  }
}

Deno.test("10,000 requests over swaps are all answered, none by the old model after a swap", () =>
  withTwo(async (models, runsDir) => {
    await using server = await serve(models[0], { port: 0, runsDir });
    const body = JSON.stringify({ text: "my late parcel" });
    // The digest of the last swap that was answered, and the one of a swap that is in progress.
    let settled = models[0].digest;
    let coming = settled;
    const answered = new Counter();
    const sure = new Map<string, number>();
    const wrong: string[] = [];
    let sent = 0;
    let swaps = 0;
    const client = async () => {
      while (swaps < SWAPS || sent < REQUESTS) {
        sent++;
        const [expected, before] = [settled, coming];
        const answer = await fetch(`${server.url}/models/lockstep/predict`, { method: "POST", body });
        const { digest, label } = await answer.json();
        if (answer.status !== 200 || typeof label !== "string") wrong.push(`${answer.status}`);
        // No swap was in progress at any time of this request.
        if (expected === before && settled === expected && coming === expected) {
          sure.set(digest, (sure.get(digest) ?? 0) + 1);
          if (digest !== expected) wrong.push(`${digest} in place of ${expected}`);
        } else if (models.every((model) => model.digest !== digest)) wrong.push(String(digest));
        answered.add();
      }
    };
    const clients = Array.from({ length: CLIENTS }, client);
    while (swaps < SWAPS) {
      await answered.reaches(answered.count + BETWEEN);
      const { run, digest } = models[(swaps + 1) % 2]!;
      coming = digest;
      const put = { method: "PUT", body: JSON.stringify({ run }) };
      const answer = await fetch(`${server.url}/models/lockstep`, put);
      assertEquals([answer.status, (await answer.json()).digest], [200, digest]);
      settled = digest;
      swaps++;
    }
    await Promise.all(clients);
    assert(sent >= REQUESTS);
    assertEquals([answered.count, wrong], [sent, []]);
    for (const { digest } of models) assert(sure.get(digest)! > BETWEEN, `${sure.get(digest)} answers by ${digest}`);
    const { models: [listed] } = await (await fetch(`${server.url}/models`)).json();
    assertEquals(listed.digest, settled);
  }));
