import { wallClock } from "../../../lib/cluster/protocol/clock.ts";
import { type ClusterStatus, clusterStatusSchema } from "../../../lib/base/events/cluster_view.ts";
import type { Running } from "../process.ts";
import { PATIENCE_MS } from "../../patience.ts";

/** Returns the machines that a process reports, when they match `wanted`. */
export async function viewOf(process: Running, wanted: (view: ClusterStatus) => boolean): Promise<ClusterStatus> {
  const [, url] = /Dashboard: (\S+)/.exec(await process.printed(/Epoch \d+/))!;
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const answer = await fetch(`${url}/cluster`);
    const view = clusterStatusSchema.safeParse(await answer.json());
    if (view.success && wanted(view.data)) return view.data;
    await wallClock.sleep(50);
  }
  throw new Error("The machines are not what was waited for in time");
}
