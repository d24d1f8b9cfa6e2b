/** Describes the machine and the versions of a measurement, without which its numbers mean nothing. */
import { cpus } from "node:os";
import project from "../deno.json" with { type: "json" };
import { measurePeak } from "./train/peak.ts";
import { type SimdEngine, simdEngines } from "./train/engines.ts";
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
  /** The kernel that OpenBLAS, PyTorch's matrix library, chose. */
  readonly openblas: string | null;
  /** The full names of the engine simd with the kernels that are measured. */
  readonly kernels: readonly string[];
  /** The GFLOP/s of one core's 128-bit multiply-adds in WebAssembly. */
  readonly peakGflops: number;
  /** ISO 8601. */
  readonly at: string;
}

/** Describes this machine; `kernels` are those that are measured. */
export function environment(
  pytorch: Availability | undefined,
  kernels: readonly SimdEngine[] = simdEngines(["auto"]),
): Environment {
  const isThere = pytorch !== undefined && "version" in pytorch;
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown CPU",
    cores: navigator.hardwareConcurrency,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    lockstep: project.version,
    tfjs: project.imports["@tensorflow/tfjs"].split("@").at(-1)!,
    pytorch: isThere ? pytorch.version : null,
    openblas: isThere ? pytorch.blas ?? null : null,
    kernels: kernels.map(({ name }) => name),
    peakGflops: measurePeak(),
    at: new Date().toISOString(),
  };
}

export function environmentLines(
  { cpu, cores, deno, v8, lockstep, tfjs, pytorch, openblas, kernels, peakGflops, at }: Environment,
): string[] {
  const blas = openblas === null ? "" : ` with OpenBLAS for ${openblas}`;
  const peers = `tfjs ${tfjs}${pytorch === null ? "" : `, PyTorch ${pytorch}${blas}`}`;
  const peak = `one core's peak of 128-bit multiply-add in WebAssembly: ${peakGflops.toFixed(1)} GFLOP/s`;
  return [
    `${cpu}, ${cores} cores, ${at}`,
    peak,
    `Lockstep ${lockstep}, ${kernels.join(" and ")}, Deno ${deno}, V8 ${v8}, ${peers}`,
  ];
}
