/** Checks that all machines with the same run name train the same run: the first machine claims the name for it. */
import { z } from "zod";
import { type InputError, inputError, TrainingError } from "../../base/errors.ts";
import type { TrainingConfig } from "../../config/schema.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import { kernelsDigest } from "../../engine/simd/kernels.ts";
import type { LockstepConfig } from "../../lockstep/plan.ts";
import { arithmeticDigest } from "../rounds/arithmetic.ts";
import project from "../../../deno.json" with { type: "json" };
import { parseRegister } from "../protocol/register.ts";
import type { Entry, Transport } from "../protocol/transport.ts";

export const RUN = "run";
/** A register that can neither be created nor read after so many attempts is damaged. */
const ATTEMPTS = 10;
/** Hex digits of a digest in a message. */
const SHOWN = 12;

const text = z.string().max(1000);

/** `data` and `weights` are digests of files, "" without them. */
const claimSchema = z.object({ config: z.record(z.string(), z.unknown()), data: text, weights: text });
/** `id` distinguishes the run from earlier ones with its name. Earlier versions had none. */
const registerSchema = claimSchema.extend({ id: text.default("") });
/** Everything that machines of a run must have in common. */
export type Claim = z.infer<typeof claimSchema>;

/**
 * Returns the properties of a machine that its results depend on. The claim has them among the values of the config, so
 * that earlier versions compare them, too, and refuse values that they do not know. Native kernels have the bits of the
 * WebAssembly kernels, which name the arithmetic; its digest is computed with the kernels that the machine trains with.
 */
async function machineValues(training: TrainingConfig, native: NativeLibrary | undefined) {
  return {
    version: project.version,
    kernels: kernelsDigest().slice(0, SHOWN),
    arithmetic: (await arithmeticDigest(training, native)).slice(0, SHOWN),
  };
}
const OF_MACHINES = /^(version|kernels|arithmetic)$/;

export async function createClaim({ training, data, weightsDigest, native }: LockstepConfig): Promise<Claim> {
  // Machines may have different paths of files, but not different contents.
  const { data: _, weights: __, vectors: ___, from: ____, ...config } = training;
  const values = { ...config, ...await machineValues(training, native) };
  return { config: values, data: data?.digest ?? "", weights: weightsDigest ?? "" };
}

/**
 * Claims the name, and resolves to the id of the run that has it. Throws an InputError if another run has the name, or if
 * its machines compute different numbers.
 */
export async function claimRun(transport: Transport, name: string, own: Claim): Promise<string> {
  const id = `${name}.${crypto.randomUUID()}`;
  const value = JSON.stringify({ ...own, id });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await transport.write(RUN, value, "new") !== undefined) return id;
    const entry = await transport.register(RUN);
    // It was removed after the write failed.
    if (!entry) continue;
    const theirs = parseClaim(name, entry.value);
    compare(name, own, theirs);
    return theirs.id;
  }
  const todo = `end all machines and remove its streams lockstep-${name} and KV_lockstep-${name}`;
  throw new TrainingError(
    `Cannot read register "${RUN}" of the NATS server, although it exists. Its store is damaged: ${todo}`,
  );
}

/** Returns the run's id in the register, undefined if it is not a valid claim. */
export function claimedId(entry: Entry): string | undefined {
  return parseRegister(registerSchema, entry.value)?.id;
}

/** Claims the name for run `id` again after a stranger has written `entry`. Another machine may be faster. */
export async function repairClaim(transport: Transport, own: Claim, id: string, { revision }: Entry): Promise<void> {
  await transport.write(RUN, JSON.stringify({ ...own, id }), revision);
}

function parseClaim(name: string, value: string): z.infer<typeof registerSchema> {
  const claim = parseRegister(registerSchema, value);
  if (claim) return claim;
  const expected = `another name, or that key "${RUN}" is deleted from bucket "lockstep-${name}"`;
  throw refusal(name, `its register on the server is not a claim of Lockstep, but "${value.slice(0, 40)}"`, expected);
}

function compare(name: string, own: Claim, theirs: Claim): void {
  const [here, there] = [valuesOf(own), valuesOf(theirs)];
  const different = Object.keys({ ...here, ...there }).filter((key) => here[key] !== there[key]);
  if (different.length === 0) return;
  const values = different.map((key) =>
    `${key} is ${there[key] ?? "nothing"} there and ${here[key] ?? "nothing"} here`
  );
  const expected = different.some((key) => OF_MACHINES.test(key))
    ? "the same version of Lockstep on all machines, or another name"
    : "the same config on all machines, or another name";
  throw refusal(name, `another run has that name on the server (${values.join(", ")})`, expected);
}

function refusal(name: string, reason: string, expected: string): InputError {
  return inputError("name", `name is ${name}: ${reason}: expected ${expected}`);
}

/** Formats the values for messages; for files, the beginning of their digest. */
function valuesOf({ config, data, weights }: Claim): Record<string, string> {
  const files = Object.entries({ data, weights }).filter(([, digest]) => digest !== "");
  return {
    ...Object.fromEntries(Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)])),
    ...Object.fromEntries(files.map(([key, digest]) => [key, `of digest ${digest.slice(0, SHOWN)}`])),
  };
}
