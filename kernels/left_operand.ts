/** Stages the left operand of a row of tiles, as WebAssembly text: up to six rows, each value spread over a vector. */
import { GROUPS, groupsOf, leftField, STEPS, ZERO } from "./product_structs.ts";
import { add, advance, each, get, int, locals, loop, params, range, set } from "./wasm_text.ts";

/** Returns the struct for group number `group` of `groups`: the groups end with the last struct. */
export const leftOf = (groups: string, group: string): string =>
  `(array.get $lefts (global.get $lefts) ${add(`(i32.sub ${int(GROUPS)} ${groups})`, group)})`;

/** Puts lane `lane` of the local `x`, spread over a vector, into a field of the local left. */
function spread(row: number, step: number, x: string, lane: number): string {
  const bytes = range(16).map((byte) => 4 * lane + byte % 4).join(" ");
  return `(struct.set $left ${leftField(row, step)} ${get("left")} (i8x16.shuffle ${bytes} ${get(x)} ${get(x)}))`;
}

/**
 * Stages `groups` · 8 steps of A: value (row, k) at `a + (k / 8) aStride + row aRow + 4 (k % 8)`. It loads four steps of
 * all rows first, so that stores are consecutive: row by row it took 1.6 times as long.
 */
export function stagePanels(rows: number): string {
  const loadFour = (row: number, first: number) => set(`x${row}`, `(v128.load offset=${4 * first} ${get("at")})`);
  const quarter = (first: number) => `
    ${set("at", get("a"))}
    ${each(rows, (row) => `${row > 0 ? advance("at", get("aRow")) : ""} ${loadFour(row, first)}`)}
    ${each(4, (lane) => each(rows, (row) => spread(row, first + lane, `x${row}`, lane)))}`;
  return `(func $stagePanels${rows} ${params("a", "aStride", "aRow", "groups")}
  ${locals("i32", "group", "at")} ${each(rows, (row) => locals("v128", `x${row}`))} ${locals("(ref $left)", "left")}
  ${
    loop(
      "group",
      get("groups"),
      `${set("left", leftOf(get("groups"), get("group")))}
      ${quarter(0)}
      ${quarter(4)}
      ${advance("a", get("aStride"))}`,
    )
  })`;
}

/** Stages `steps` steps of Aᵀ with A row-major: value (row, k) at `a + k aRow + 4 row`. Steps up to a multiple of 8 are 0. */
export function stageRows(rows: number): string {
  // Vectors hold four rows each, from row 0; the last vector ends with the last row.
  const firstOf = (row: number) => Math.min(4 * Math.floor(row / 4), rows - 4);
  function value(row: number, step: number): string {
    if (rows < 4) {
      const splat = `(v128.load32_splat offset=${4 * row} ${get("a")})`;
      return `(struct.set $left ${leftField(row, step)} ${get("left")} ${splat})`;
    }
    const load = row % 4 === 0 ? set("x", `(v128.load offset=${4 * firstOf(row)} ${get("a")})`) : "";
    return `${load} ${spread(row, step, "x", row - firstOf(row))}`;
  }
  const clear = (row: number) =>
    each(STEPS, (step) => `(struct.set $left ${leftField(row, step)} ${get("left")} ${ZERO})`);
  return `(func $stageRows${rows} ${params("a", "aRow", "steps")}
  ${locals("i32", "group", "groups")} ${locals("v128", "x")} ${locals("(ref $left)", "left")}
  ${set("groups", groupsOf(get("steps")))}
  ${
    loop(
      "group",
      get("groups"),
      `${set("left", leftOf(get("groups"), get("group")))}
      (if (i32.lt_u ${get("steps")} ${int(STEPS)}) (then ${each(rows, clear)}))
      (block $end
        ${
        each(STEPS, (step) => `
          (br_if $end (i32.eq ${get("steps")} ${int(step)}))
          ${each(rows, (row) => value(row, step))}
          ${advance("a", get("aRow"))}`)
      })
      ${advance("steps", int(-STEPS))}`,
    )
  })`;
}
