/** Describes the machines of a run, as they see each other. */
import { z } from "zod";

/** Describes a machine of a run, as it shows itself to the others. */
export const machineSchema = z.object({
  member: z.string(),
  /** Threads. */
  workers: z.int().positive(),
  /** Rounds committed there. */
  round: z.int().nonnegative(),
  /** Says whether it can train shards of the next round: it has the state that the round starts from, or will soon. */
  inStep: z.boolean(),
  /** Payload bytes sent and read since it joined. */
  bytesUp: z.number().nonnegative(),
  bytesDown: z.number().nonnegative(),
  /** Shares of its time since it joined. */
  compute: z.number().min(0).max(1),
  wait: z.number().min(0).max(1),
  /** Number of its incidents. */
  incidents: z.int().nonnegative(),
});

/** `incident` is the newest one, "" for none. */
const clusterMember = machineSchema.extend({ incident: z.string() });

export const clusterViewSchema = z.object({
  /** The run's name on the NATS server. */
  name: z.string(),
  /** The names of this machine and of the leader, "" for none. */
  member: z.string(),
  leader: z.string(),
  round: z.int(),
  members: z.array(clusterMember),
  /** Messages and registers that this machine dropped, by kind; earlier versions did not count them. */
  dropped: z.record(z.string(), z.int()).optional(),
});
export type ClusterMember = z.infer<typeof clusterMember>;
export type ClusterView = z.infer<typeof clusterViewSchema>;

/** The machines and their latest incidents, oldest first. */
export const clusterStatusSchema = clusterViewSchema.extend({
  incidents: z.array(z.object({ at: z.string(), member: z.string(), message: z.string() })),
});
export type ClusterStatus = z.infer<typeof clusterStatusSchema>;
