/** Opens libraries of native functions. */
import { runtime } from "./runtime.ts";

export type ForeignSymbols = Deno.ForeignLibraryInterface;
export type ForeignFunction = Deno.ForeignFunction;
export type ForeignFunctions<Symbols extends ForeignSymbols> = Deno.StaticForeignLibraryInterface<Symbols>;

interface ForeignLibrary<Symbols extends ForeignSymbols> {
  readonly symbols: ForeignFunctions<Symbols>;
  close(): void;
}

/** Tells whether this runtime opens libraries: Node and Bun do so only with a package or in a way of their own. */
export const hasLibraries = runtime === "deno";

export function openForeign<Symbols extends ForeignSymbols>(path: string, symbols: Symbols): ForeignLibrary<Symbols> {
  return Deno.dlopen(path, symbols);
}
