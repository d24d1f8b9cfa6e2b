/** Describes the machine and the versions of a measurement, without which its numbers mean nothing. */
import { cpus } from "node:os";
import project from "../deno.json" with { type: "json" };
import { measurePeak } from "./train/peak.ts";
import type { Availability } from "./peers/pytorch.ts";

interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly deno: string;
  readonly v8: string;
  readonly lockstep: string;
  readonly tfjs: string;
  /** Is null without PyTorch. */
  readonly pytorch: string | null;
  /** The GFLOP/s of one core's 128-bit multiply-adds in WebAssembly. */
  readonly peakGflops: number;
  /** ISO 8601. */
  readonly at: string;
}

export function environment(pytorch: Availability | undefined): Environment {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown CPU",
    cores: navigator.hardwareConcurrency,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    lockstep: project.version,
    tfjs: project.imports["@tensorflow/tfjs"].split("@").at(-1)!,
    pytorch: pytorch && "version" in pytorch ? pytorch.version : null,
    peakGflops: measurePeak(),
    at: new Date().toISOString(),
  };
}

export function environmentLines(
  { cpu, cores, deno, v8, lockstep, tfjs, pytorch, peakGflops, at }: Environment,
): string[] {
  const peers = `tfjs ${tfjs}${pytorch === null ? "" : `, PyTorch ${pytorch}`}`;
  const peak = `one core's peak of 128-bit multiply-add in WebAssembly: ${peakGflops.toFixed(1)} GFLOP/s`;
  return [`${cpu}, ${cores} cores, ${at}`, peak, `Lockstep ${lockstep}, Deno ${deno}, V8 ${v8}, ${peers}`];
}
