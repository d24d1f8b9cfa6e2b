/** A run's name belongs to what is trained under it: the first machine says what that is, all others check it. */
import { z } from "zod";
import { InputError } from "../errors.ts";
import type { LockstepConfig } from "../lockstep/plan.ts";
import type { Transport } from "./transport.ts";

const RUN = "run";

/** `data` and `weights` are digests of what lies in files, empty without. */
const claimSchema = z.object({ config: z.record(z.string(), z.unknown()), data: z.string(), weights: z.string() });

/** Throws an InputError if another config or other data are trained under the name. */
export async function claimRun(transport: Transport, name: string, config: LockstepConfig): Promise<void> {
  // Where files lie may differ from machine to machine; what is in them may not.
  const { data: _, weights: __, ...training } = config.training;
  const own = { config: training, data: config.data?.digest ?? "", weights: config.weightsDigest ?? "" };
  if (await transport.write(RUN, JSON.stringify(own), "new") !== undefined) return;
  let entry;
  while (!(entry = (await transport.registers()).get(RUN))); // It is there: it was refused as not new.
  const theirs = claimSchema.parse(JSON.parse(entry.value));
  const [here, there] = [valuesOf(own), valuesOf(theirs)];
  const different = Object.keys({ ...here, ...there }).filter((key) => here[key] !== there[key]);
  if (different.length === 0) return;
  const values = different.map((key) =>
    `${key} is ${there[key] ?? "nothing"} there and ${here[key] ?? "nothing"} here`
  );
  throw new InputError([{
    field: "name",
    message: `name is ${name}: another run has that name on the server (${values.join(", ")}): ` +
      "expected the same config on all machines, or another name",
  }]);
}

/** What people see of each value; of files, the beginning of their digest. */
function valuesOf({ config, data, weights }: z.infer<typeof claimSchema>): Record<string, string> {
  const files = Object.entries({ data, weights }).filter(([, digest]) => digest !== "");
  return {
    ...Object.fromEntries(Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)])),
    ...Object.fromEntries(files.map(([key, digest]) => [key, `of digest ${digest.slice(0, 12)}`])),
  };
}
