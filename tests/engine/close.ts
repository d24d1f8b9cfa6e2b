import { assert, assertEquals } from "@std/assert";

/** Fails unless each of `actual` is within `tolerance` of its counterpart; names the worst. NaN is never close. */
export function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assertEquals(actual.length, expected.length);
  let [worst, difference] = [0, 0];
  for (let i = 0; i < actual.length; i++) {
    const distance = Math.abs(actual[i]! - expected[i]!);
    if (!(distance <= difference)) [worst, difference] = [i, distance];
    if (Number.isNaN(distance)) break;
  }
  assert(
    difference <= tolerance,
    `Element ${worst} is ${actual[worst]}, expected ${expected[worst]} to within ${tolerance}, but ${difference} away`,
  );
}
