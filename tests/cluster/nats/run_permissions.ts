/** The permissions that docs/cluster.md names for a run, read off its text, so that tests try what people are told. */
import type { Permissions } from "./accounts.ts";

const DOCS = new URL("../../../docs/cluster.md", import.meta.url);

export async function runPermissions(run: string): Promise<Permissions> {
  const text = await Deno.readTextFile(DOCS);
  const [, publish, subscribe] = /publish: \[([^\]]+)\]\s+subscribe: \[([^\]]+)\]/.exec(text)!;
  const listed = (list: string) => [...list.matchAll(/"([^"]+)"/g)].map(([, subject]) => subject!.replace("NAME", run));
  return { publish: listed(publish!), subscribe: listed(subscribe!) };
}
