/**
 * Writes the WebAssembly text of the matrix products' inner loops: a tile of up to 6 × 8 results sits in twelve 128-bit
 * registers, while its operands pass by.
 *
 * V8 slows such a tile down because it checks every access to memory against the bounds, by a compare and a branch; on Intel's
 * processors from Skylake to Cascade Lake a branch that touches the end of 32 bytes of code also keeps these out of the cache
 * of decoded instructions. The fields of a garbage-collected struct have no such check. So both
 * operands are staged in linked structs of eight steps of the inner dimension: the left one (six rows, each value spread
 * over a vector) for each row of tiles, which then uses it for all columns; the right one (eight columns) as one of the
 * numbered operands, while its weights do not change, or as the block, for one product.
 *
 * It is text because AssemblyScript has no such structs: product_structs.ts defines them, left_operand.ts and
 * right_operand.ts fill them. kernels/assembly/matrices/products.ts declares what is exported.
 */
import { leftOf, stagePanels, stageRows } from "./left_operand.ts";
import { GROUPS, groupsOf, leftField, link, rightField, STEPS, structType, TILE_ROWS } from "./product_structs.ts";
import { RIGHTS, STAGE_BLOCK, STAGE_OPERAND, STAGE_RIGHTS } from "./right_operand.ts";
import { add, advance, each, get, int, locals, loop, params, range, set } from "./wasm_text.ts";

const froms = (rows: number): string[] => range(rows).map((row) => `from${row}`);

/** Writes the tile: rows `cRow` apart at `c` = from + A · B, A from `left` on to the last struct and B from `right` on as far. */
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

/** Panels that a tile of one row has at once: with one panel, each multiply-add would wait for the one before it. */
const WIDE = 4;

/** Writes the tile of one row and several panels; see `tile`. */
function wideTile(): string {
  const rights = range(WIDE).map((panel) => `right${panel}`);
  const panels = (of: (panel: number, half: number) => string) =>
    each(WIDE, (panel) => `${of(panel, 0)}\n${of(panel, 1)}`);
  const next = (type: string, local: string) =>
    set(local, `(br_on_null $end (struct.get $${type} $next ${get(local)}))`);
  const multiply = (panel: number, half: number, step: number) =>
    set(
      `c${panel}${half}`,
      `(f32x4.relaxed_madd ${get("x")} (struct.get $right ${rightField(half, step)} ${get(`right${panel}`)}) ${
        get(`c${panel}${half}`)
      })`,
    );
  return `(func $wideTile (param $left (ref $left)) ${
    rights.map((right) => `(param $${right} (ref $right))`).join(" ")
  } ${params("from", "fromStride", "c", "cStride")}
  ${locals("v128", "x")} ${panels((panel, half) => locals("v128", `c${panel}${half}`))}
  ${
    panels((panel, half) => `
      ${panel > 0 && half === 0 ? advance("from", get("fromStride")) : ""}
      ${set(`c${panel}${half}`, `(v128.load offset=${16 * half} ${get("from")})`)}`)
  }
  (block $end (loop $more
    ${
    each(STEPS, (step) => `
      ${set("x", `(struct.get $left ${leftField(0, step)} ${get("left")})`)}
      ${panels((panel, half) => multiply(panel, half, step))}`)
  }
    ${next("left", "left")}
    ${rights.map((right) => next("right", right)).join("\n")}
    (br $more)))
  ${
    panels((panel, half) => `
      ${panel > 0 && half === 0 ? advance("c", get("cStride")) : ""}
      (v128.store offset=${16 * half} ${get("c")} ${get(`c${panel}${half}`)})`)
  })`;
}

/** Writes the loop over several panels at once, in `panelRows` of one row. */
function widePanels(): string {
  const rightOf = (panel: number) => add(get("right"), `(i32.mul ${get("all")} ${int(panel)})`);
  const several = (stride: string) => `(i32.mul ${get(stride)} ${int(WIDE)})`;
  return `(block $narrow (loop $wide
      (br_if $narrow (i32.lt_u (i32.sub ${get("panels")} ${get("panel")}) ${int(WIDE)}))
      (call $wideTile ${get("left")}
        ${each(WIDE, (panel) => `(array.get $rights ${get("rights")} ${rightOf(panel)})`)}
        ${get("from0")} ${get("fromStride")} ${get("target")} ${get("cStride")})
      ${advance("from0", several("fromStride"))}
      ${advance("target", several("cStride"))}
      ${advance("right", several("all"))}
      ${advance("panel", int(WIDE))}
      (br $wide)))`;
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
    ${set("panel", int(0))}
    ${rows === 1 ? widePanels() : ""}
    (block $done (loop $panel
      (br_if $done (i32.ge_u ${get("panel")} ${get("panels")}))
      (call $tile${rows} ${get("left")} (array.get $rights ${get("rights")} ${get("right")})
        ${froms(rows).map(get).join(" ")} ${get("target")} ${get("cRow")})
      ${froms(rows).map((from) => advance(from, get("fromStride"))).join("\n")}
      ${advance("target", get("cStride"))}
      ${advance("right", get("all"))}
      ${advance("panel", int(1))}
      (br $panel)))
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

/** Returns the module as text; `forward` is the one that only predicts, whose memory is not shared. */
export function productsSource({ forward = false } = {}): string {
  const heights = range(TILE_ROWS).map((row) => row + 1);
  const ofEachHeight = forward
    ? [stagePanels, tile, panelRows]
    : [stagePanels, stageRows, tile, panelRows, transposedRows];
  return `(module
(rec ${structType("left", TILE_ROWS * STEPS)} ${structType("right", 2 * STEPS)})
(import "env" "memory" (memory 1 65536${forward ? "" : " shared"}))
(table $operands 0 (ref null $rights))
${forward ? "" : "(global $block (mut (ref $rights)) (array.new_fixed $rights 0))"}
(global $lefts (ref $lefts) (array.new_fixed $lefts ${GROUPS} ${each(GROUPS, () => "(struct.new_default $left)")}))
(func $linkLefts ${locals("i32", "index")} ${loop("index", int(GROUPS), link("left", "(global.get $lefts)"))})
(start $linkLefts)
${RIGHTS}
${STAGE_RIGHTS}
${STAGE_OPERAND}
${forward ? "" : STAGE_BLOCK}
${wideTile()}
${ofEachHeight.map((write) => heights.map(write).join("\n")).join("\n")}
)`;
}
