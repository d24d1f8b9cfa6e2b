/** Says what may be read once reading has been narrowed to the config that is given: see reading_test.ts. */
import { createReadStream } from "node:fs";
import { restrictReading } from "../../../lib/cli/arguments/reading.ts";
import { configPaths } from "../../../lib/config/schema.ts";

const [config, ...paths] = Deno.args;
restrictReading(JSON.parse(config!), configPaths);
const readable: string[] = [];
for (const path of paths) {
  try {
    for await (const _ of createReadStream(path));
    readable.push(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
}
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(readable)));
