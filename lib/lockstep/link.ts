import type { ClusterView, Incident } from "../events.ts";
import type { Coordinator } from "./coordinator.ts";

/** The way to other machines that take part in the same rounds. Without one, a machine averages alone. */
export interface Link {
  /** Takes part from now on: the workers of `coordinator` have started. */
  start(coordinator: Coordinator): void;
  /** What was worth telling since the last call. Throws a TrainingError if taking part is not possible any more. */
  news(): { readonly incidents: readonly Incident[]; readonly cluster: ClusterView | undefined };
  /** Lets the other machines know of an incident of this one. */
  tell(incident: string): void;
  /** Ends this machine's part after what it is at, and lets its workers leave. */
  leave(): void;
  /** Resolves when the others need nothing more of this machine. */
  ended(): Promise<void>;
  /** Closes the connection. */
  close(): void;
}
