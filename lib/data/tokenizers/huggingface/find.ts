/**
 * Finds all matches of any expression in linear time, without trying anything twice. An expression is a set of states. The
 * value of a state at a position of the text is the end of the match that a search with backtracking would find first
 * from there. It follows from values at that position and the next one, so one pass from the end of the text to its
 * beginning computes all values (Frisch and Cardelli, Greedy Regular Expression Matching, 2004).
 */

import { CharacterSets, NO_CHARACTER } from "./character_sets.ts";

/** An expression. A repeated part must not match the empty string. */
export type Expression =
  /** One character that `source` matches, in JavaScript's syntax with the flag `v`. */
  | { readonly kind: "set"; readonly source: string }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly Expression[] }
  | {
    readonly kind: "repeat";
    readonly part: Expression;
    readonly least: number;
    readonly most: number;
    readonly isLazy: boolean;
  }
  | { readonly kind: "look"; readonly part: Expression; readonly isBehind: boolean; readonly isNegated: boolean }
  /** Matches `part` without backtracking into it. */
  | { readonly kind: "atomic"; readonly part: Expression; readonly isEmpty: boolean };

/** The beginning and end of a match, in UTF-16 units. */
export type Span = readonly [start: number, end: number];

/** Most states of an expression: each character of a text takes as many steps. */
const MOST_STATES = 1000;

/** The value of a state without a match. */
const NONE = -1;

/** The kinds of states, with the operands `a` and `b`. */
const Kind = {
  /** Ends the match. */
  end: 0,
  /** Matches a character of set `a`, then state `b`. */
  set: 1,
  /** Matches state `a`, or else state `b`. */
  either: 2,
  /** Matches state `b` where look `a` matches, or where it does not. */
  look: 3,
  lookNot: 4,
  /** Matches state `b`, and keeps its values under number `a`. */
  keep: 5,
  /** Matches state `a`, and from its end the values that are kept under number `b`. */
  atomic: 6,
} as const;

const NO_PROGRAM = new Int32Array(0);

interface State {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
}

/** Returns the function that finds the non-empty matches of `expression`. Throws a SyntaxError if it is too large. */
export function createFind(expression: Expression): (text: string) => readonly Span[] {
  const sets = new CharacterSets();
  const looks: Program[] = [];
  const program = new Program(expression, false, sets, looks);
  return (text) => {
    const { classes, starts } = sets.classify(text);
    const matched: Int32Array[] = [];
    for (const look of looks) matched.push(look.run(classes, matched));
    const ends = program.run(classes, matched);
    const spans: Span[] = [];
    for (let at = 0; at < classes.length;) {
      const end = ends[at]!;
      if (end > at) spans.push(starts ? [starts[at]!, starts[end]!] : [at, end]);
      at = Math.max(at + 1, end);
    }
    return spans;
  };
}

/** The states of an expression, or of one of its lookaheads and lookbehinds. */
class Program {
  readonly #states: State[] = [];
  readonly #entry: number;
  readonly #isBehind: boolean;
  readonly #sets: CharacterSets;
  /** The lookaheads and lookbehinds within the expression, which are created first. */
  readonly #looks: Program[];
  /** Per number of kept values, the state that keeps them if another state needs it at the same position. */
  readonly #after = new Map<number, number>();
  #kept = 0;
  /** States whose values are read at other positions. */
  readonly #roots = new Set<number>();
  /** States in an order in which each follows those whose values it needs at the same position. */
  readonly #order: readonly number[];
  /** Per class of characters, the states that may match there, with kind and operands. */
  readonly #live: Int32Array[] = [];

  constructor(expression: Expression, isBehind: boolean, sets: CharacterSets, looks: Program[]) {
    this.#isBehind = isBehind;
    this.#sets = sets;
    this.#looks = looks;
    this.#entry = this.#add(expression, this.#state(Kind.end));
    this.#roots.add(this.#entry);
    for (const { kind, b } of this.#states) if (kind === Kind.set) this.#roots.add(b);
    this.#order = this.#sorted();
  }

  /** Returns the end of the match from each position. A lookbehind runs from the beginning to the end. */
  run(classes: Uint16Array, looks: readonly Int32Array[]): Int32Array {
    const { length } = classes;
    const ends = new Int32Array(length + 1);
    const [live, entry, isBehind] = [this.#live, this.#entry, this.#isBehind];
    const kept = Array.from({ length: this.#kept }, () => new Int32Array(length + 1).fill(NONE));
    let values = new Int32Array(this.#states.length).fill(NONE);
    let next = new Int32Array(this.#states.length).fill(NONE);
    let programBefore: Int32Array = NO_PROGRAM;
    let programNext: Int32Array = NO_PROGRAM;
    for (let step = 0; step <= length; step++) {
      const at = isBehind ? step : length - step;
      const character = step === 0 ? NO_CHARACTER : classes[isBehind ? at - 1 : at]!;
      const program = live[character] ?? this.#liveFor(character);
      // These values were written two positions ago.
      for (let i = 0; i < programBefore.length; i += 4) values[programBefore[i]!] = NONE;
      for (let i = 0; i < program.length; i += 4) {
        const a = program[i + 2]!;
        const b = program[i + 3]!;
        let value = NONE;
        switch (program[i + 1]) {
          case Kind.end:
            value = at;
            break;
          case Kind.set:
            value = next[b]!;
            break;
          case Kind.either:
            value = values[a]!;
            if (value === NONE) value = values[b]!;
            break;
          case Kind.look:
            if (looks[a]![at] !== NONE) value = values[b]!;
            break;
          case Kind.lookNot:
            if (looks[a]![at] === NONE) value = values[b]!;
            break;
          case Kind.keep:
            value = kept[a]![at] = values[b]!;
            break;
          case Kind.atomic: {
            const end = values[a]!;
            if (end !== NONE) value = kept[b]![end]!;
          }
        }
        values[program[i]!] = value;
      }
      ends[at] = values[entry]!;
      const other = values;
      values = next;
      next = other;
      programBefore = programNext;
      programNext = program;
    }
    return ends;
  }

  #state(kind: number, a = 0, b = 0): number {
    if (this.#states.length >= MOST_STATES) {
      throw new SyntaxError(`more than ${MOST_STATES} characters and repetitions`);
    }
    return this.#states.push({ kind, a, b }) - 1;
  }

  /** Adds the states of `expression` before state `next`, and returns the first of them. */
  #add(expression: Expression, next: number): number {
    switch (expression.kind) {
      case "set":
        return this.#state(Kind.set, this.#sets.number(expression.source), next);
      case "sequence": {
        const { parts } = expression;
        // A lookbehind reads the text backwards.
        return this.#isBehind
          ? parts.reduce((next, part) => this.#add(part, next), next)
          : parts.reduceRight((next, part) => this.#add(part, next), next);
      }
      case "choice":
        return expression.parts.map((part) => this.#add(part, next))
          .reduceRight((second, first) => this.#state(Kind.either, first, second));
      case "repeat":
        return this.#repeat(expression, next);
      case "look": {
        const look = new Program(expression.part, expression.isBehind, this.#sets, this.#looks);
        const number = this.#looks.push(look) - 1;
        return this.#state(expression.isNegated ? Kind.lookNot : Kind.look, number, next);
      }
      case "atomic": {
        const kept = this.#kept++;
        const after = this.#state(Kind.keep, kept, next);
        const first = this.#add(expression.part, this.#state(Kind.end));
        this.#roots.add(after);
        // Its value at the same position is only needed if the part may match the empty string.
        this.#after.set(kept, expression.isEmpty ? after : NONE);
        return this.#state(Kind.atomic, first, kept);
      }
    }
  }

  #repeat({ part, least, most, isLazy }: Extract<Expression, { kind: "repeat" }>, next: number): number {
    const either = (more: number, end: number) =>
      isLazy ? this.#state(Kind.either, end, more) : this.#state(Kind.either, more, end);
    let first = next;
    if (most === Infinity) {
      first = this.#state(Kind.either);
      const more = this.#add(part, first);
      const [a, b] = isLazy ? [next, more] : [more, next];
      this.#states[first] = { kind: Kind.either, a, b };
    } else {
      // Optional repetitions are nested.
      for (let more = least; more < most; more++) first = either(this.#add(part, first), next);
    }
    for (let count = 0; count < least; count++) first = this.#add(part, first);
    return first;
  }

  /** Returns the states whose values a state needs at the same position. */
  #needs({ kind, a, b }: State): readonly number[] {
    switch (kind) {
      case Kind.either:
        return [a, b];
      case Kind.look:
      case Kind.lookNot:
      case Kind.keep:
        return [b];
      case Kind.atomic: {
        const after = this.#after.get(b)!;
        return after === NONE ? [a] : [a, after];
      }
      default:
        return [];
    }
  }

  #sorted(): number[] {
    const order: number[] = [];
    const isDone = new Set<number>();
    const visit = (state: number) => {
      if (isDone.has(state)) return;
      isDone.add(state);
      for (const needed of this.#needs(this.#states[state]!)) visit(needed);
      order.push(state);
    };
    for (const state of this.#states.keys()) visit(state);
    return order;
  }

  /** Returns the states that may match before `character`, and are needed there or by others. */
  #liveFor(character: number): Int32Array {
    /** For each state that may match, the state with its value: itself, or the only remaining alternative. */
    const valueOf = new Map<number, number>();
    const found: State[] = [];
    for (const state of this.#order) {
      const { kind, a, b } = this.#states[state]!;
      const [first, second] = [valueOf.get(a), valueOf.get(b)];
      const add = (a: number, b: number) => {
        found[state] = { kind, a, b };
        valueOf.set(state, state);
      };
      if (kind === Kind.end || kind === Kind.set && this.#sets.has(a, character)) add(a, b);
      else if (kind === Kind.either) {
        if (first !== undefined && second !== undefined) add(first, second);
        else if (first !== undefined || second !== undefined) valueOf.set(state, first ?? second!);
      } else if (kind === Kind.atomic && first !== undefined) add(first, b);
      else if ((kind === Kind.look || kind === Kind.lookNot || kind === Kind.keep) && second !== undefined) {
        add(a, second);
      }
    }
    const isNeeded = new Set(this.#roots);
    for (const root of this.#roots) {
      const value = valueOf.get(root);
      // Other positions read this state by its own number.
      if (value !== undefined && value !== root) found[root] = { kind: Kind.either, a: value, b: value };
    }
    for (const state of this.#order.toReversed()) {
      const own = found[state];
      if (!own || !isNeeded.has(state)) continue;
      for (const needed of this.#needs(own)) isNeeded.add(needed);
    }
    const program = this.#order.flatMap((state) => {
      const own = isNeeded.has(state) ? found[state] : undefined;
      return own ? [state, own.kind, own.a, own.b] : [];
    });
    return this.#live[character] = Int32Array.from(program);
  }
}
