/**
 * The connections of a machine. Each has a queue of its own, so that what is slow on one holds up no other: an answer does
 * not wait behind megabytes of the log, nor the renewal of a lease behind an upload.
 */
import type { NatsConnection } from "@nats-io/transport-node";

export interface Ways {
  /** What is read of the log. */
  readonly reading: NatsConnection;
  /** What is published, and the answers to it. */
  readonly writing: NatsConnection;
  /** Registers, the lease among them, and questions about the store. */
  readonly registers: NatsConnection;
}

/** Three connections that `connect` makes; none is left where one of them fails. */
export async function openWays(connect: () => Promise<NatsConnection>): Promise<Ways> {
  const registers = await connect();
  const [reading, writing] = await Promise.allSettled([connect(), connect()]);
  if (reading.status === "fulfilled" && writing.status === "fulfilled") {
    return { reading: reading.value, writing: writing.value, registers };
  }
  for (const way of [reading, writing]) if (way.status === "fulfilled") await way.value.close();
  await registers.close();
  throw [reading, writing].find((way) => way.status === "rejected")!.reason;
}

export async function closeWays({ reading, writing, registers }: Ways): Promise<void> {
  await Promise.all([reading, writing, registers].map((connection) => connection.close()));
}
