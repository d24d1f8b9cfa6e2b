/**
 * Splits rows by a column, so that validation asks what the model will be asked: about groups that it has not seen, such
 * as other customers, or about rows that are newer than those it was trained on. A random split hides both.
 */
import { shortJson } from "../../base/printable.ts";
import { formatTime, parseTime } from "./times.ts";
import type { DataOptions } from "../../config/data_shape.ts";
import { grown } from "../../base/growing_arrays.ts";
import { Interner, unitsOf } from "../vocabulary/interner.ts";
import { finishKey, mixKey } from "../vocabulary/token_keys.ts";

/** Collects a value of each row, and splits the rows by these values. */
export interface Splitter {
  readonly column: string;
  /** Returns the group of each row, if rows have groups. */
  groups?(): Uint32Array;
  /** Adds the value of the next row. Returns what is wrong with the value if it cannot be used. */
  add(value: string): string | undefined;
  /** Draws the validation set, as stratifiedSplit() does. */
  split(labels: Uint16Array | Uint32Array, classes: number, share: number, seed: number): Uint8Array;
  /** Describes the rows of a split. */
  describe(validates: Uint8Array): SplitFacts;
}

export interface SplitFacts {
  /** Groups of each side, and the validation rows whose group is on both. */
  readonly groups?: { readonly training: number; readonly validation: number; readonly shared: number };
  /** The time of the oldest validation row. */
  readonly from?: string;
}

type SplitOptions = Pick<DataOptions, "groupColumn" | "timeColumn" | "validation">;

/** Creates the splitter that the options name, if any. */
export function openSplitter({ groupColumn, timeColumn, validation }: SplitOptions): Splitter | undefined {
  if (typeof validation === "string") return undefined;
  // Cross-validation keeps groups together without drawing validation rows.
  if (groupColumn !== "") return new GroupSplitter(groupColumn);
  return timeColumn === "" || validation === 0 ? undefined : new TimeSplitter(timeColumn);
}

/** Groups that are taken at most because they bring the share nearer; each costs a look at all others. */
const MOST_NEARER = 32;

class GroupSplitter implements Splitter {
  readonly column: string;
  readonly #names = new Interner();
  /** `[rows]` */
  #groups = new Uint32Array(1024);
  #rows = 0;

  constructor(column: string) {
    this.column = column;
  }

  add(value: string): string | undefined {
    const name = value.trim();
    if (name === "") return `has no value for "${this.column}", expected the group of the row`;
    if (this.#rows === this.#groups.length) this.#groups = grown(this.#groups, this.#rows + 1);
    this.#groups[this.#rows++] = this.#names.add(unitsOf(name), 0, name.length);
    return undefined;
  }

  groups(): Uint32Array {
    return this.#groups.subarray(0, this.#rows);
  }

  /**
   * Takes the groups that fit, in the order of a hash of their names, then those that bring the numbers of rows nearest to
   * `share`, of all rows and of each class. The rows' order does not matter. Each class keeps a training row.
   */
  split(labels: Uint16Array | Uint32Array, classes: number, share: number, seed: number): Uint8Array {
    const members = this.#members();
    const counts = new Float64Array(classes);
    for (const label of labels) counts[label]!++;
    const had = new Float64Array(classes);
    let rows = 0;
    const countsOf = (group: readonly number[]) => {
      const own = new Map<number, number>();
      for (const row of group) own.set(labels[row]!, (own.get(labels[row]!) ?? 0) + 1);
      return [...own];
    };
    const fits = (group: readonly number[]) =>
      rows + group.length <= share * labels.length &&
      countsOf(group).every(([label, more]) => had[label]! + more <= Math.ceil(share * counts[label]!));
    /** Returns how much taking the rows moves the split away from the share; Infinity if a class would have no training row. */
    const change = (group: readonly number[]) => {
      const moved = (had: number, all: number, more: number) => more * (more + 2 * (had - share * all)) / all;
      let sum = moved(rows, labels.length, group.length);
      for (const [label, more] of countsOf(group)) {
        if (had[label]! + more >= counts[label]!) return Infinity;
        sum += moved(had[label]!, counts[label]!, more);
      }
      return sum;
    };
    const validates = new Uint8Array(labels.length);
    const take = (group: readonly number[]) => {
      for (const row of group) {
        validates[row] = 1;
        had[labels[row]!]!++;
      }
      rows += group.length;
    };
    if (share <= 0) return validates;
    const left = this.#order(seed).map((group) => members[group]!).filter((group) => {
      const isTaken = fits(group) && change(group) < 0;
      if (isTaken) take(group);
      return !isTaken;
    });
    for (let more = 0; more < MOST_NEARER; more++) {
      const changes = left.map(change);
      const least = changes.reduce((least, other) => Math.min(least, other), Infinity);
      if (least === Infinity || least >= 0 && rows > 0) break;
      const [best] = left.splice(changes.indexOf(least), 1);
      take(best!);
    }
    return validates;
  }

  describe(validates: Uint8Array): SplitFacts {
    const sides = new Uint8Array(this.#names.size);
    for (let row = 0; row < this.#rows; row++) sides[this.#groups[row]!]! |= 1 << validates[row]!;
    const count = (side: number) => sides.reduce((sum, own) => sum + (own & side ? 1 : 0), 0);
    const shared = validates.reduce((sum, own, row) => sum + (own && sides[this.#groups[row]!] === 3 ? 1 : 0), 0);
    return { groups: { training: count(1), validation: count(2), shared } };
  }

  /** Returns the rows of each group. */
  #members(): number[][] {
    const members = Array.from({ length: this.#names.size }, (): number[] => []);
    for (let row = 0; row < this.#rows; row++) members[this.#groups[row]!]!.push(row);
    return members;
  }

  /** Returns the groups in the order of a hash of their names. */
  #order(seed: number): number[] {
    const keyed = Array.from({ length: this.#names.size }, (_, group) => {
      const name = this.#names.text(group);
      return { group, name, key: finishKey(unitsOf(name).reduce(mixKey, mixKey(0, seed))) };
    });
    return keyed.sort((a, b) => a.key - b.key || (a.name < b.name ? -1 : 1)).map(({ group }) => group);
  }
}

class TimeSplitter implements Splitter {
  readonly column: string;
  /** `[rows]` */
  #times = new Float64Array(1024);
  #rows = 0;
  #isDate: boolean | undefined;

  constructor(column: string) {
    this.column = column;
  }

  add(value: string): string | undefined {
    const time = parseTime(value.trim());
    const has = `has ${shortJson(value)} for "${this.column}", expected`;
    if (!time) return `${has} a date such as 2024-03-01 or 2024-03-01T12:30:00Z, or a number`;
    this.#isDate ??= time.isDate;
    if (time.isDate !== this.#isDate) return `${has} a ${this.#isDate ? "date" : "number"}, as in the rows before`;
    if (this.#rows === this.#times.length) this.#times = grown(this.#times, this.#rows + 1);
    this.#times[this.#rows++] = time.value;
    return undefined;
  }

  /** Takes the newest rows. Rows of the same time stay together: the number of rows is the possible one nearest to `share`. */
  split(_labels: Uint16Array | Uint32Array, _classes: number, share: number): Uint8Array {
    const sorted = this.#times.slice(0, this.#rows).sort();
    const wanted = sorted.length * (1 - share);
    let best = 0;
    for (let at = 1; share > 0 && at < sorted.length; at++) {
      if (sorted[at - 1] === sorted[at]) continue;
      if (best === 0 || Math.abs(at - wanted) <= Math.abs(best - wanted)) best = at;
    }
    const from = best === 0 ? Infinity : sorted[best]!;
    return Uint8Array.from({ length: this.#rows }, (_, row) => this.#times[row]! >= from ? 1 : 0);
  }

  describe(validates: Uint8Array): SplitFacts {
    const from = validates.reduce((oldest, own, row) => own ? Math.min(oldest, this.#times[row]!) : oldest, Infinity);
    return from < Infinity ? { from: formatTime({ value: from, isDate: this.#isDate === true }) } : {};
  }
}
