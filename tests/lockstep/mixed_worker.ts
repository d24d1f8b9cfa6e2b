/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Runs a training worker with kernels of its own. */
import type { NativeLibrary } from "../../lib/engine/contract.ts";
import { startWorker, type WorkerStart } from "../../lib/lockstep/worker.ts";

/** The kernels of each worker: WebAssembly for undefined. */
export type Kinds = readonly (NativeLibrary | undefined)[];

self.onmessage = ({ data }: MessageEvent<WorkerStart & { readonly config: { readonly kinds: Kinds } }>) => {
  const { worker, config } = data;
  startWorker({ ...data, config: { ...config, native: config.kinds[worker] } }, (reply) => self.postMessage(reply));
};
