/** Reads the permissions of a run from docs/cluster.md, so that tests use the documented ones. */
import type { Permissions } from "./accounts.ts";

const DOCS = new URL("../../../docs/cluster.md", import.meta.url);

export async function runPermissions(run: string): Promise<Permissions> {
  const text = await Deno.readTextFile(DOCS);
  const [, publish, subscribe] = /publish: \[([^\]]+)\]\s+subscribe: \[([^\]]+)\]/.exec(text)!;
  const listed = (list: string) => [...list.matchAll(/"([^"]+)"/g)].map(([, subject]) => subject!.replace("NAME", run));
  return { publish: listed(publish!), subscribe: listed(subscribe!) };
}
