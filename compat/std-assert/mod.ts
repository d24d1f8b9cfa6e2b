/**
 * A stand-in for the part of jsr:@std/assert that this project uses, over node:assert/strict, for machines that cannot
 * reach JSR. Same names and signatures: removing the `links` line in deno.json switches to the real package.
 */
import strict from "node:assert/strict";

export class AssertionError extends strict.AssertionError {}

export function assert(expr: unknown, msg = ""): asserts expr {
  strict.ok(expr, msg || undefined);
}

export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  // Node refuses a message that is undefined.
  strict.deepStrictEqual(actual, expected, ...msg === undefined ? [] : [msg]);
}

export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  strict.notDeepStrictEqual(actual, expected, msg);
}

export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  strict.strictEqual(actual, expected, msg);
}

export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  strict.ok(actual !== undefined && actual !== null, msg ?? `Expected actual: "${actual}" to not be null or undefined`);
}

/** Fails unless |actual - expected| is at most `tolerance` (default 1e-7 of |expected|). */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void {
  if (Object.is(actual, expected)) return;
  const delta = Math.abs(expected - actual);
  const bound = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  strict.ok(delta <= bound, msg ?? `Expected ${actual} to be within ${bound} of ${expected}, but it is ${delta} away`);
}

export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  strict.ok(actual >= expected, msg ?? `Expect ${actual} >= ${expected}`);
}

export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  strict.ok(actual <= expected, msg ?? `Expect ${actual} <= ${expected}`);
}

export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  strict.ok(actual.includes(expected), msg ?? `Expected actual: "${actual}" to contain: "${expected}"`);
}

export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  strict.match(actual, expected, msg);
}

// deno-lint-ignore no-explicit-any -- the signature of the real package
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

function checkError(error: unknown, kind: ErrorClass<Error> | undefined, msgIncludes: string | undefined): void {
  strict.ok(error instanceof Error, `Expected an Error to be thrown, but it was: ${String(error)}`);
  if (kind) strict.ok(error instanceof kind, `Expected ${kind.name}, but was ${error.name}: ${error.message}`);
  if (msgIncludes !== undefined) assertStringIncludes(error.message, msgIncludes);
}

export function assertThrows(fn: () => unknown): unknown;
export function assertThrows<E extends Error>(fn: () => unknown, kind: ErrorClass<E>, msgIncludes?: string): E;
export function assertThrows(fn: () => unknown, kind?: ErrorClass<Error>, msgIncludes?: string): unknown {
  try {
    fn();
  } catch (error) {
    checkError(error, kind, msgIncludes);
    return error;
  }
  throw new AssertionError({ message: "Expected function to throw." });
}

export function assertRejects(fn: () => PromiseLike<unknown>): Promise<unknown>;
export function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  kind: ErrorClass<E>,
  msgIncludes?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  kind?: ErrorClass<Error>,
  msgIncludes?: string,
): Promise<unknown> {
  try {
    await fn();
  } catch (error) {
    checkError(error, kind, msgIncludes);
    return error;
  }
  throw new AssertionError({ message: "Expected function to reject." });
}
