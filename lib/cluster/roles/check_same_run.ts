/** A run's name belongs to what is trained under it: the first machine says what that is, all others check it. */
import { z } from "zod";
import { InputError, TrainingError } from "../../base/errors.ts";
import type { TrainingConfig } from "../../config/schema.ts";
import { kernelsDigest } from "../../engine/simd/kernels.ts";
import type { LockstepConfig } from "../../lockstep/plan.ts";
import { arithmeticDigest, instructionClass } from "../rounds/arithmetic.ts";
import project from "../../../deno.json" with { type: "json" };
import { MAX_REGISTER, parseRegister } from "../protocol/register.ts";
import type { Entry, Transport } from "../protocol/transport.ts";

export const RUN = "run";
/** A register that is neither to be made nor to be read so often never will be. */
const ATTEMPTS = 10;
/** Hex digits of a digest that people see. */
const SHOWN = 12;

const text = z.string().max(1000);

/** `data` and `weights` are digests of what lies in files, empty without. */
const claimSchema = z.object({ config: z.record(z.string(), z.unknown()), data: text, weights: text });
/** `id`: of this run, whatever was trained under its name before. Earlier versions had none. */
const registerSchema = claimSchema.extend({ id: text.default("") });
/** What is trained under a name, and what with. */
export type Claim = z.infer<typeof claimSchema>;

/**
 * What machines compute with, which must be equal where their bits shall be. It is claimed among the values of the
 * config, which earlier versions compare too: they refuse a claim that has more of them than they know.
 */
async function machineValues(training: TrainingConfig) {
  return {
    version: project.version,
    kernels: kernelsDigest().slice(0, SHOWN),
    instructions: instructionClass(training),
    arithmetic: (await arithmeticDigest(training)).slice(0, SHOWN),
  };
}
const OF_MACHINES = /^(version|kernels|instructions|arithmetic)$/;

export async function createClaim({ training, data, weightsDigest }: LockstepConfig): Promise<Claim> {
  // Where files lie may differ from machine to machine; what is in them may not.
  const { data: _, weights: __, ...config } = training;
  const values = { ...config, ...await machineValues(training) };
  return { config: values, data: data?.digest ?? "", weights: weightsDigest ?? "" };
}

/**
 * The id of the run that has the name. Throws an InputError if something else is trained under it, or by machines that
 * compute otherwise.
 */
export async function claimRun(transport: Transport, name: string, own: Claim): Promise<string> {
  const id = `${name}.${crypto.randomUUID()}`;
  const value = JSON.stringify({ ...own, id });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await transport.write(RUN, value, "new") !== undefined) return id;
    const entry = await transport.register(RUN);
    // Nothing, if it was removed since it was refused as not new.
    if (!entry) continue;
    const theirs = parseClaim(name, entry.value);
    compare(name, own, theirs);
    return theirs.id;
  }
  const todo = `end all machines and remove its streams lockstep-${name} and KV_lockstep-${name}`;
  throw new TrainingError(
    `The NATS server has a register "${RUN}" and does not show it. Its store is damaged: ${todo}`,
  );
}

/** The id that the register claims the name for, if it is a claim. */
export function claimedId(entry: Entry): string | undefined {
  return parseRegister(registerSchema, entry.value)?.id;
}

/** Claims the name again for run `id`, where somebody has written over `entry`. Another machine may be faster. */
export async function claimAgain(transport: Transport, own: Claim, id: string, { revision }: Entry): Promise<void> {
  await transport.write(RUN, JSON.stringify({ ...own, id }), revision);
}

function parseClaim(name: string, value: string): z.infer<typeof registerSchema> {
  try {
    if (value.length <= MAX_REGISTER) return registerSchema.parse(JSON.parse(value));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
  }
  const expected = `another name, or that what somebody wrote there is removed: nats kv del lockstep-${name} ${RUN}`;
  throw refusal(name, `what lies under it there is no claim of Lockstep, but "${value.slice(0, 40)}"`, expected);
}

function compare(name: string, own: Claim, theirs: Claim): void {
  const [here, there] = [valuesOf(own), valuesOf(theirs)];
  const different = Object.keys({ ...here, ...there }).filter((key) => here[key] !== there[key]);
  if (different.length === 0) return;
  const values = different.map((key) =>
    `${key} is ${there[key] ?? "nothing"} there and ${here[key] ?? "nothing"} here`
  );
  const expected = different.some((key) => OF_MACHINES.test(key))
    ? "the same version of Lockstep and processors that round alike on all machines, or another name"
    : "the same config on all machines, or another name";
  throw refusal(name, `another run has that name on the server (${values.join(", ")})`, expected);
}

function refusal(name: string, reason: string, expected: string): InputError {
  return new InputError([{ field: "name", message: `name is ${name}: ${reason}: expected ${expected}` }]);
}

/** What people see of each value; of files, the beginning of their digest. */
function valuesOf({ config, data, weights }: Claim): Record<string, string> {
  const files = Object.entries({ data, weights }).filter(([, digest]) => digest !== "");
  return {
    ...Object.fromEntries(Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)])),
    ...Object.fromEntries(files.map(([key, digest]) => [key, `of digest ${digest.slice(0, SHOWN)}`])),
  };
}
