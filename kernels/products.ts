/**
 * Writes the WebAssembly text of the matrix products' inner loops: a tile of up to 6 × 8 results sits in twelve 128-bit
 * registers, while its operands pass by.
 *
 * What slows such a tile down in V8 is that every access to memory is checked against its bounds, by a compare and a
 * branch; on Intel's processors from Skylake to Cascade Lake a branch that touches the end of 32 bytes of code keeps these
 * out of the cache of decoded instructions besides. The fields of a garbage-collected struct have no such check. So both
 * operands are staged in linked structs of eight steps of the inner dimension: the left one (six rows, each value spread
 * over a vector) for every row of tiles, which then uses it for all columns; the right one (eight columns) as one of the
 * numbered operands, for as long as its weights stay the same, or as the block, for one product.
 *
 * Text and not AssemblyScript, which has no such structs. kernels/assembly/products.ts declares what is exported.
 */

import { add, advance, each, get, int, locals, loop, params, range, set } from "./wasm_text.ts";

/** Rows of the tallest tile: 12 accumulators, two vectors of B and one of A fill the 15 registers V8 gives out on x64. */
const TILE_ROWS = 6;
/** Steps of the inner dimension in a struct. */
const STEPS = 8;
/** Structs that the left operand is staged in at once: 128 steps, 12 KiB of the first-level cache. */
const GROUPS = 16;

const ZERO = "(v128.const i32x4 0 0 0 0)";

const froms = (rows: number): string[] => range(rows).map((row) => `from${row}`);

/** How many structs hold so many steps. */
const groupsOf = (steps: string): string => `(i32.shr_u ${add(steps, int(STEPS - 1))} ${int(3)})`;

/**
 * A struct of vectors that knows the one after it, and an array of them. A word besides makes its size a multiple of 16,
 * and so its vectors lie at such: one in four would else be on two lines of the cache, which costs 3 to 10 %.
 */
const structType = (name: string, count: number): string => `
  (type $${name} (struct (field $next (mut (ref null $${name}))) (field i64) ${
  each(count, () => "(field (mut v128))")
}))
  (type $${name}s (array (mut (ref $${name}))))`;
const leftField = (row: number, step: number): number => 2 + TILE_ROWS * step + row;
const rightField = (half: number, step: number): number => 2 + 2 * step + half;

/** Links number `index` of an array to the one before it, if there is one. */
const link = (type: string, array: string): string => `
  (if ${get("index")} (then (struct.set $${type} $next
    (array.get $${type}s ${array} (i32.sub ${get("index")} ${int(1)}))
    (array.get $${type}s ${array} ${get("index")}))))`;

/** The struct for group number `group` of `groups`: they end with the last of all. */
const leftOf = (groups: string, group: string): string =>
  `(array.get $lefts (global.get $lefts) ${add(`(i32.sub ${int(GROUPS)} ${groups})`, group)})`;

/** Puts lane `lane` of the local `x`, spread over a vector, into a field of the local left. */
function spread(row: number, step: number, x: string, lane: number): string {
  const bytes = range(16).map((byte) => 4 * lane + byte % 4).join(" ");
  return `(struct.set $left ${leftField(row, step)} ${get("left")} (i8x16.shuffle ${bytes} ${get(x)} ${get(x)}))`;
}

/**
 * Stages `groups` · 8 steps of A: value (row, k) at `a + (k / 8) aStride + row aRow + 4 (k % 8)`. Four steps of all rows are
 * loaded first, so that what is stored goes on where it was: row by row it took 1.6 times as long.
 */
function stagePanels(rows: number): string {
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
function stageRows(rows: number): string {
  // Rows from 0 in vectors of four; the last vector ends with the last row.
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

/** The tile: rows `cRow` apart at `c` = from + A · B, A from `left` on to the last struct and B from `right` on as far. */
function tile(rows: number): string {
  const sums = (of: (row: number, half: number) => string) => each(rows, (row) => `${of(row, 0)}\n${of(row, 1)}`);
  const multiply = (row: number, half: number) =>
    set(`c${row}${half}`, `(f32x4.relaxed_madd ${get("x")} ${get(`b${half}`)} ${get(`c${row}${half}`)})`);
  const next = (type: string) => set(type, `(br_on_null $end (struct.get $${type} $next ${get(type)}))`);
  return `(func $tile${rows} (param $left (ref $left)) (param $right (ref $right)) ${
    params(...froms(rows), "c", "cRow")
  }
  ${locals("v128", "x", "b0", "b1")} ${sums((row, half) => locals("v128", `c${row}${half}`))}
  ${sums((row, half) => set(`c${row}${half}`, `(v128.load offset=${16 * half} ${get(`from${row}`)})`))}
  (block $end (loop $more
    ${
    each(STEPS, (step) => `
      ${set("b0", `(struct.get $right ${rightField(0, step)} ${get("right")})`)}
      ${set("b1", `(struct.get $right ${rightField(1, step)} ${get("right")})`)}
      ${
      each(rows, (row) => `
        ${set("x", `(struct.get $left ${leftField(row, step)} ${get("left")})`)}
        ${multiply(row, 0)}
        ${multiply(row, 1)}`)
    }`)
  }
    ${next("left")}
    ${next("right")}
    (br $more)))
  ${
    sums((row, half) => `
      ${row > 0 && half === 0 ? advance("c", get("cRow")) : ""}
      (v128.store offset=${16 * half} ${get("c")} ${get(`c${row}${half}`)})`)
  })`;
}

/** C = from + A · operand for `rows` rows. */
function panelRows(rows: number): string {
  return `(func (export "panelRows${rows}")
  ${params(...froms(rows), "fromStride", "a", "aStride", "aRow", "operand", "inner", "c", "cStride", "cRow", "panels")}
  ${locals("(ref $rights)", "rights")} ${locals("(ref $left)", "left")}
  ${locals("i32", "panel", "right", "first", "all", "groups", "target")}
  ${set("rights", `(ref.as_non_null (table.get $operands ${get("operand")}))`)}
  ${set("all", groupsOf(get("inner")))}
  (loop $block
    ${set("groups", `(i32.sub ${get("all")} ${get("first")})`)}
    (if (i32.gt_u ${get("groups")} ${int(GROUPS)}) (then ${set("groups", int(GROUPS))}))
    (call $stagePanels${rows} ${get("a")} ${get("aStride")} ${get("aRow")} ${get("groups")})
    ${set("left", leftOf(get("groups"), int(0)))}
    ${set("target", get("c"))}
    ${set("right", get("first"))}
    ${
    loop(
      "panel",
      get("panels"),
      `(call $tile${rows} ${get("left")} (array.get $rights ${get("rights")} ${get("right")})
        ${froms(rows).map(get).join(" ")} ${get("target")} ${get("cRow")})
      ${froms(rows).map((from) => advance(from, get("fromStride"))).join("\n")}
      ${advance("target", get("cStride"))}
      ${advance("right", get("all"))}`,
    )
  }
    ${each(rows, (row) => set(`from${row}`, row === 0 ? get("c") : add(get(`from${row - 1}`), get("cRow"))))}
    ${set("fromStride", get("cStride"))}
    ${advance("a", `(i32.mul ${get("aStride")} ${int(GROUPS)})`)}
    ${advance("first", get("groups"))}
    (br_if $block (i32.lt_u ${get("first")} ${get("all")}))))`;
}

/** C[panels][rows][8] += Aᵀ · block for `steps` steps, at most 128, A row-major. */
function transposedRows(rows: number): string {
  return `(func (export "transposedRows${rows}") ${params("a", "aRow", "steps", "c", "cStride", "panels")}
  ${locals("(ref $rights)", "rights")} ${locals("(ref $left)", "left")} ${locals("i32", "panel", "right")}
  ${set("rights", "(global.get $block)")}
  ${set("left", leftOf(groupsOf(get("steps")), int(0)))}
  (call $stageRows${rows} ${get("a")} ${get("aRow")} ${get("steps")})
  ${
    loop(
      "panel",
      get("panels"),
      `(call $tile${rows} ${get("left")} (array.get $rights ${get("rights")} ${get("right")})
        ${each(rows, (row) => add(get("c"), int(32 * row)))} ${get("c")} ${int(32)})
      ${advance("c", get("cStride"))}
      ${advance("right", int(GROUPS))}`,
    )
  })`;
}

const setRight = (half: number, step: number, value: string): string =>
  `(struct.set $right ${rightField(half, step)} ${get("right")} ${value})`;

/** Copies steps of the right operand: what is loaded before anything is stored shares the checks of its bounds. */
const copySteps = (first: number, count: number): string => `
  ${
  each(count, (step) => `
    ${each(2, (half) => set(`x${step}${half}`, `(v128.load offset=${16 * half} ${get("from")})`))}
    ${advance("from", get("row"))}`)
}
  ${each(count, (step) => each(2, (half) => setRight(half, first + step, get(`x${step}${half}`))))}`;
const copied = (count: number): string => locals("v128", ...range(count).flatMap((step) => [`x${step}0`, `x${step}1`]));

/** New structs for the right operand, and what fills them from columns `row` bytes a step; steps that are left out are 0. */
const RIGHTS = `
(func $newRights ${params("count")} (result (ref $rights)) ${locals("i32", "index")} ${
  locals("(ref $rights)", "rights")
}
  ${set("rights", `(array.new $rights (struct.new_default $right) ${get("count")})`)}
  ${
  loop(
    "index",
    get("count"),
    `(array.set $rights ${get("rights")} ${get("index")} (struct.new_default $right))
    ${link("right", get("rights"))}`,
  )
}
  ${get("rights")})

(func $fill (param $right (ref $right)) ${params("from", "row")} ${copied(4)}
  ${copySteps(0, 4)}
  ${copySteps(4, 4)})

(func $fillPart (param $right (ref $right)) ${params("from", "row", "steps")} ${copied(1)}
  ${each(STEPS, (step) => each(2, (half) => setRight(half, step, ZERO)))}
  (block $end
    ${each(STEPS, (step) => `(br_if $end (i32.eq ${get("steps")} ${int(step)})) ${copySteps(step, 1)}`)}))`;

const STAGE_OPERAND = `
(func (export "stageOperand") ${params("operand", "from", "inner", "panels")}
  ${locals("i32", "index", "count")} ${locals("(ref $rights)", "rights")}
  ${set("count", `(i32.mul ${get("panels")} ${groupsOf(get("inner"))})`)}
  (if (i32.ge_u ${get("operand")} (table.size $operands)) (then (drop (table.grow $operands
    (array.new_fixed $rights 0) (i32.sub ${add(get("operand"), int(1))} (table.size $operands))))))
  ${set("rights", `(ref.as_non_null (table.get $operands ${get("operand")}))`)}
  (if (i32.ne (array.len ${get("rights")}) ${get("count")}) (then
    ${set("rights", `(call $newRights ${get("count")})`)}
    (table.set $operands ${get("operand")} ${get("rights")})))
  ${
  loop(
    "index",
    get("count"),
    `(call $fill (array.get $rights ${get("rights")} ${get("index")}) ${get("from")} ${int(32)})
    ${advance("from", int(32 * STEPS))}`,
  )
})`;

const STAGE_BLOCK = `
(func (export "stageBlock") ${params("b", "bStride", "bRow", "steps", "panels")}
  ${locals("i32", "panel", "group", "groups", "from", "rest")} ${locals("(ref $right)", "right")}
  ${set("group", `(i32.mul ${get("panels")} ${int(GROUPS)})`)}
  (if (i32.lt_u (array.len (global.get $block)) ${get("group")}) (then
    (global.set $block (call $newRights ${get("group")}))))
  ${set("groups", groupsOf(get("steps")))}
  ${
  loop(
    "panel",
    get("panels"),
    `${set("from", get("b"))}
    ${set("rest", get("steps"))}
    ${
      loop(
        "group",
        get("groups"),
        `${
          set(
            "right",
            `(array.get $rights (global.get $block) ${add(`(i32.mul ${get("panel")} ${int(GROUPS)})`, get("group"))})`,
          )
        }
        (if (i32.ge_u ${get("rest")} ${int(STEPS)})
          (then (call $fill ${get("right")} ${get("from")} ${get("bRow")}))
          (else (call $fillPart ${get("right")} ${get("from")} ${get("bRow")} ${get("rest")})))
        ${advance("from", `(i32.mul ${get("bRow")} ${int(STEPS)})`)}
        ${advance("rest", int(-STEPS))}`,
      )
    }
    ${advance("b", get("bStride"))}`,
  )
})`;

/** The module as text. */
export function productsSource(): string {
  const heights = range(TILE_ROWS).map((row) => row + 1);
  const ofEachHeight = [stagePanels, stageRows, tile, panelRows, transposedRows];
  return `(module
(rec ${structType("left", TILE_ROWS * STEPS)} ${structType("right", 2 * STEPS)})
(import "env" "memory" (memory 1 65536 shared))
(table $operands 0 (ref null $rights))
(global $block (mut (ref $rights)) (array.new_fixed $rights 0))
(global $lefts (ref $lefts) (array.new_fixed $lefts ${GROUPS} ${each(GROUPS, () => "(struct.new_default $left)")}))
(func $linkLefts ${locals("i32", "index")} ${loop("index", int(GROUPS), link("left", "(global.get $lefts)"))})
(start $linkLefts)
${RIGHTS}
${STAGE_OPERAND}
${STAGE_BLOCK}
${ofEachHeight.map((write) => heights.map(write).join("\n")).join("\n")}
)`;
}
