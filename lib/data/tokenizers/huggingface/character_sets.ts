/** Groups characters into classes that an expression does not distinguish. */

/** The class of characters that did not occur yet. */
const UNSEEN = 0;
/** The class of no character, as after the last one. */
export const NO_CHARACTER = 1;

/** Holds the sets of an expression. Characters in the same sets have the same class. */
export class CharacterSets {
  readonly #numbers = new Map<string, number>();
  readonly #patterns: RegExp[] = [];
  /** The sets that contain each class. */
  readonly #members: ReadonlySet<number>[] = [new Set(), new Set()];
  readonly #classes = new Map<string, number>();
  /** Class of each UTF-16 unit; characters past U+FFFF have a table of their own. */
  readonly #units = new Uint16Array(0x10000);
  readonly #rare = new Map<number, number>();

  number(source: string): number {
    const known = this.#numbers.get(source);
    if (known !== undefined) return known;
    this.#numbers.set(source, this.#patterns.length);
    return this.#patterns.push(new RegExp(`^(?:${source})$`, "v")) - 1;
  }

  has(set: number, characters: number): boolean {
    return this.#members[characters]!.has(set);
  }

  /** Returns the class of each character, and, if positions differ from numbers, where each begins and the last ends. */
  classify(text: string): { readonly classes: Uint16Array; readonly starts: Int32Array | undefined } {
    const classes = new Uint16Array(text.length);
    let starts: Int32Array | undefined;
    let count = 0;
    for (let at = 0; at < text.length; count++) {
      const code = text.codePointAt(at)!;
      if (code > 0xffff && !starts) starts = Int32Array.from({ length: text.length + 1 }, (_, index) => index);
      if (starts) starts[count] = at;
      classes[count] = this.#classOf(code);
      at += code > 0xffff ? 2 : 1;
    }
    if (starts) starts[count] = text.length;
    return { classes: classes.subarray(0, count), starts };
  }

  #classOf(code: number): number {
    const known = code > 0xffff ? this.#rare.get(code) ?? UNSEEN : this.#units[code]!;
    if (known !== UNSEEN) return known;
    const character = String.fromCodePoint(code);
    const members = [...this.#patterns.keys()].filter((set) => this.#patterns[set]!.test(character));
    const key = members.join();
    let found = this.#classes.get(key);
    if (found === undefined) this.#classes.set(key, found = this.#members.push(new Set(members)) - 1);
    if (code > 0xffff) this.#rare.set(code, found);
    else this.#units[code] = found;
    return found;
  }
}
