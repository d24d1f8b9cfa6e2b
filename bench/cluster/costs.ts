/**
 * Measures the cost of a machine's own work for an exchange, where the bench runs: hashing, copying, the client, the
 * server's persistence and its answers, on loopback, where the network costs next to nothing.
 */
import { completeRound } from "../../lib/cluster/rounds/complete_round.ts";
import { wallClock as clock } from "../../lib/cluster/protocol/clock.ts";
import { connectNats } from "../../lib/cluster/nats/connection.ts";
import { CHUNK_BYTES, getObject, putObject } from "../../lib/cluster/protocol/objects.ts";
import { decodeNode, encodeNode, gather, type RoundShape, scatter } from "../../lib/cluster/protocol/round_codec.ts";
import { Signer } from "../../lib/cluster/protocol/signer.ts";
import { SHARD_FIELD_COUNT } from "../../lib/lockstep/memory/fields.ts";

export interface Costs {
  /** The seconds of the smallest message: to publish, persist, answer and deliver it. */
  readonly message: number;
  /** The seconds per byte to publish, persist and answer; and to read and check. */
  readonly send: number;
  readonly receive: number;
  /** The seconds per byte between shared memory and the bytes of a node, one way; and to add nodes. */
  readonly codec: number;
  readonly add: number;
}

/** Holds measurements on 2 cores of a virtual machine with nats-server 2.9.10, for machines without a server. */
export const MEASURED: Costs = { message: 8.8e-4, send: 5.7e-9, receive: 4.8e-9, codec: 8.6e-10, add: 3.9e-10 };

const REPEATS = 9;
/** Counts the bytes of the objects sent: several chunks. */
const BYTES = 8 * CHUNK_BYTES;

/** Measures the costs at `url`, a NATS server on this machine without other clients. */
export async function measureCosts(url: string): Promise<Costs> {
  const options = { url, run: `costs-${crypto.randomUUID()}`, credentials: "", tlsCa: "" };
  const [sender, reader] = await Promise.all([connectNats(options), connectNats(options)]);
  const { signal } = new AbortController();
  const signer = new Signer("bench");
  try {
    const small: number[] = [];
    const sent: number[] = [];
    const received: number[] = [];
    for (let i = 0; i < REPEATS; i++) {
      small.push(await secondsOf(() => sender.publish("up", new Uint8Array(1000), { id: `small-${i}` })));
      const bytes = crypto.getRandomValues(new Uint8Array(65_536));
      const object = new Uint8Array(BYTES);
      object.set(bytes);
      const begin = performance.now();
      const { reference, body } = await putObject({ transport: sender, clock, signal, signer }, `o${i}`, object);
      sent.push((performance.now() - begin) / 1000);
      received.push(
        await secondsOf(() => getObject({ transport: reader, clock, signal }, reference, body, signer.key)),
      );
    }
    const message = median(small);
    const perByte = (seconds: readonly number[]) => Math.max(0, median(seconds) - message) / BYTES;
    return { message, send: perByte(sent), receive: perByte(received), ...await measureCodec() };
  } finally {
    await Promise.all([sender.close(), reader.close()]);
  }
}

async function measureCodec(): Promise<Pick<Costs, "codec" | "add">> {
  const shape: RoundShape = { elements: 350_000, rows: 0, width: 1, parts: 3 };
  const part = new Float32Array(shape.elements).map((_, i) => i % 7);
  const parts = [part, part, part];
  const rows = new Int32Array();
  const fields = [new Float64Array(SHARD_FIELD_COUNT).fill(1)];
  const whole = { fields, rows, values: gather(shape, parts, rows) };
  const bytes = whole.values.byteLength;
  const ways: number[] = [];
  const sums: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    const both = await secondsOf(() => {
      const sent = encodeNode(shape, { fields, rows, values: gather(shape, parts, rows) });
      scatter(shape, decodeNode(shape, 1, sent), parts);
    });
    ways.push(both / 2);
    const nodes = [0, 1, 2, 3].map((first) => ({ first, last: first + 1, node: whole }));
    sums.push(await secondsOf(() => completeRound(shape, 4, nodes, parts)));
  }
  return { codec: median(ways) / bytes, add: median(sums) / (4 * bytes) };
}

async function secondsOf(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
