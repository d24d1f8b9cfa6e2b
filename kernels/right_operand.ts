/** Stages the right operand of products, as WebAssembly text: under a number, or as the block. */
import { GROUPS, groupsOf, link, rightField, STEPS, ZERO } from "./product_structs.ts";
import { add, advance, each, get, int, locals, loop, params, range, set } from "./wasm_text.ts";

const setRight = (half: number, step: number, value: string): string =>
  `(struct.set $right ${rightField(half, step)} ${get("right")} ${value})`;

/** Copies steps of the right operand: loads that come before all stores share their bounds checks. */
const copySteps = (first: number, count: number): string => `
  ${
  each(count, (step) => `
    ${each(2, (half) => set(`x${step}${half}`, `(v128.load offset=${16 * half} ${get("from")})`))}
    ${advance("from", get("row"))}`)
}
  ${each(count, (step) => each(2, (half) => setRight(half, first + step, get(`x${step}${half}`))))}`;
const copied = (count: number): string => locals("v128", ...range(count).flatMap((step) => [`x${step}0`, `x${step}1`]));

/** Creates structs for the right operand, and fills them from columns `row` bytes a step; missing steps are 0. */
export const RIGHTS = `
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

/** Fills structs from B, `perPanel` for each panel. */
export const STAGE_RIGHTS = `
(func $stageRights (param $rights (ref $rights)) ${params("perPanel", "b", "bStride", "bRow", "steps", "panels")}
  ${locals("i32", "panel", "group", "groups", "from", "rest")} ${locals("(ref $right)", "right")}
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
            `(array.get $rights ${get("rights")} ${add(`(i32.mul ${get("panel")} ${get("perPanel")})`, get("group"))})`,
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

export const STAGE_OPERAND = `
(func (export "stageOperand") ${params("operand", "from", "inner", "panels")}
  ${locals("i32", "groups", "count")} ${locals("(ref $rights)", "rights")}
  ${set("groups", groupsOf(get("inner")))}
  ${set("count", `(i32.mul ${get("panels")} ${get("groups")})`)}
  (if (i32.ge_u ${get("operand")} (table.size $operands)) (then (drop (table.grow $operands
    (array.new_fixed $rights 0) (i32.sub ${add(get("operand"), int(1))} (table.size $operands))))))
  ${set("rights", `(ref.as_non_null (table.get $operands ${get("operand")}))`)}
  (if (i32.ne (array.len ${get("rights")}) ${get("count")}) (then
    ${set("rights", `(call $newRights ${get("count")})`)}
    (table.set $operands ${get("operand")} ${get("rights")})))
  (call $stageRights ${get("rights")} ${get("groups")}
    ${get("from")} (i32.mul ${int(32)} ${get("inner")}) ${int(32)} ${get("inner")} ${get("panels")}))`;

export const STAGE_BLOCK = `
(func (export "stageBlock") ${params("b", "bStride", "bRow", "steps", "panels")} ${locals("i32", "count")}
  ${set("count", `(i32.mul ${get("panels")} ${int(GROUPS)})`)}
  (if (i32.lt_u (array.len (global.get $block)) ${get("count")}) (then
    (global.set $block (call $newRights ${get("count")}))))
  (call $stageRights (global.get $block) ${int(GROUPS)}
    ${["b", "bStride", "bRow", "steps", "panels"].map(get).join(" ")}))`;
