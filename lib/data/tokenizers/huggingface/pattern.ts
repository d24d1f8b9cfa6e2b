/**
 * Parses the regular expressions of tokenizer.json, which are Oniguruma's (in Ruby's syntax). Accepts only constructs whose
 * meaning is known for every text; for others it throws a SyntaxError that names them.
 */
import { createFind, type Expression, type Span } from "./find.ts";
import { ONIGURUMA_WORD, ONIGURUMA_WORD_ALONE, WHITE_SPACE } from "./unicode.ts";

const CATEGORY = /^(L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfon]?)$/;
const SCRIPTS = [
  "Arabic",
  "Armenian",
  "Bengali",
  "Cyrillic",
  "Devanagari",
  "Georgian",
  "Greek",
  "Han",
  "Hangul",
  "Hebrew",
  "Hiragana",
  "Katakana",
  "Latin",
  "Tamil",
  "Telugu",
  "Thai",
];
const CONTROL_ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", f: "\f", v: "\v" };
/** Matches letters that are one character in another case: Oniguruma finds ß by `(?i:ss)`, JavaScript does not. */
const FOLDED_TO_ONE = /ss|ff|fi|fl|st/i;

/** Most levels of nested groups. */
const MOST_NESTED = 100;

/** Returns the function that finds all matches of the pattern in a text. Throws a SyntaxError. */
export function compilePattern(pattern: string): (text: string) => readonly Span[] {
  const parser = new Parser(pattern.toWellFormed());
  const { expression, isEmpty } = parser.alternatives();
  if (parser.next !== undefined) throw new SyntaxError(`"${parser.next}" that closes no group`);
  if (isEmpty) throw new SyntaxError("a pattern that can match nothing");
  return createFind(expression);
}

/** A part of an expression; `isEmpty` says that it can match the empty string. */
interface Part {
  readonly expression: Expression;
  readonly isEmpty: boolean;
}

/** A character, or the source of a set of characters. */
type Item = { readonly char: string; readonly set?: undefined } | { readonly set: string };

function escaped(char: string): string {
  return `\\u{${char.codePointAt(0)!.toString(16)}}`;
}

/** Returns an ASCII character and its other cases: ſ is an s, and the Kelvin sign a k. */
function cases(char: string): string {
  const lower = char.toLowerCase();
  const others = lower === "s" ? "ſ" : lower === "k" ? "\u212a" : "";
  return [...new Set([lower, char.toUpperCase(), ...others])].map(escaped).join("");
}

class Parser {
  readonly #chars: readonly string[];
  #at = 0;
  #nested = 0;
  /** True where the case of letters is ignored. */
  #folds = false;
  #isBehind = false;

  constructor(pattern: string) {
    this.#chars = [...pattern];
  }

  get next(): string | undefined {
    return this.#chars[this.#at];
  }

  alternatives(): Part {
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    const isEmpty = parts.some(({ isEmpty }) => isEmpty);
    return { expression: { kind: "choice", parts: parts.map(({ expression }) => expression) }, isEmpty };
  }

  #sequence(): Part {
    const parts: Expression[] = [];
    let isEmpty = true;
    let letters = "";
    while (this.next !== undefined && this.next !== "|" && this.next !== ")") {
      const literal = this.next;
      const atom = this.#quantified();
      letters = /^[a-z]$/i.test(literal) ? letters + literal : "";
      if (this.#folds && FOLDED_TO_ONE.test(letters)) throw new SyntaxError(`"${letters}" in a group (?i:…)`);
      parts.push(atom.expression);
      isEmpty &&= atom.isEmpty;
    }
    return { expression: { kind: "sequence", parts }, isEmpty };
  }

  #quantified(): Part {
    const atom = this.#atom();
    const start = this.#at;
    const counts = this.#quantifier();
    if (!counts) return atom;
    if (this.#folds) throw new SyntaxError("a quantifier in a group (?i:…)");
    const [least, most] = counts;
    if (atom.isEmpty) throw new SyntaxError("a quantifier after what can match nothing");
    const braced = this.#chars[start] === "{";
    const isEmpty = least === 0;
    const isLazy = this.#take("?");
    if (isLazy && braced && least === most) throw new SyntaxError(`the quantifier {${least}}?`);
    let expression: Expression = { kind: "repeat", part: atom.expression, least, most, isLazy };
    if (!isLazy && this.#take("+")) {
      // In Ruby {n,m}+ is not possessive, but a repetition of a repetition.
      if (braced && isEmpty) throw new SyntaxError("a quantifier after what can match nothing");
      expression = braced
        ? { kind: "repeat", part: expression, least: 1, most: Infinity, isLazy: false }
        : this.#atomic(expression, isEmpty);
    }
    if (this.next !== undefined && "*+?".includes(this.next) || this.#peekBraces()) {
      throw new SyntaxError("a quantifier after a quantifier");
    }
    return { expression, isEmpty };
  }

  #quantifier(): [least: number, most: number] | undefined {
    if (this.#take("*")) return [0, Infinity];
    if (this.#take("+")) return [1, Infinity];
    if (this.#take("?")) return [0, 1];
    const braces = this.#peekBraces();
    if (!braces) return undefined;
    this.#at += braces[0].length;
    const [, least, comma, most] = braces;
    return [Number(least || 0), comma ? (most ? Number(most) : Infinity) : Number(least)];
  }

  /** Returns the next `{2}`, `{2,}`, `{,3}` or `{2,3}`; other braces are ordinary characters. */
  #peekBraces(): RegExpExecArray | undefined {
    if (this.next !== "{") return undefined;
    const braces = /^\{(\d{0,4})(,?)(\d{0,4})\}/.exec(this.#chars.slice(this.#at, this.#at + 12).join(""));
    return braces && (braces[1] || braces[3]) && (braces[2] || braces[1]) ? braces : undefined;
  }

  #atomic(part: Expression, isEmpty: boolean): Expression {
    if (this.#isBehind) throw new SyntaxError("a possessive quantifier or an atomic group in a lookbehind");
    return { kind: "atomic", part, isEmpty };
  }

  #atom(): Part {
    const char = this.#shift();
    if (char === "(") return this.#group();
    return { expression: { kind: "set", source: this.#oneOf(char) }, isEmpty: false };
  }

  /** Returns the source of a set that begins with `char`. */
  #oneOf(char: string): string {
    if (char === "[") return this.#class();
    if (char === ".") return "[^\\n]";
    if ("^$*+?".includes(char)) throw new SyntaxError(`"${char}"`);
    const item = char === "\\" ? this.#escape(ONIGURUMA_WORD_ALONE) : { char };
    return item.set ?? this.#literal(item.char);
  }

  #group(): Part {
    const before = [this.#folds, this.#isBehind] as const;
    if (++this.#nested > MOST_NESTED) throw new SyntaxError(`more than ${MOST_NESTED} nested groups`);
    const kind = /^\?(:|i:|=|!|<=|<!|>)/.exec(this.#chars.slice(this.#at, this.#at + 3).join(""))?.[1];
    if (kind === undefined && this.next === "?") {
      throw new SyntaxError(`the group "(${this.#chars.slice(this.#at, this.#at + 4).join("")}…"`);
    }
    if (kind !== undefined) this.#at += kind.length + 1;
    if (kind === "i:") this.#folds = true;
    if (kind?.startsWith("<")) this.#isBehind = true;
    const { expression, isEmpty } = this.alternatives();
    this.#nested--;
    if (!this.#take(")")) throw new SyntaxError("a group that is not closed");
    [this.#folds, this.#isBehind] = before;
    if (kind === ">") return { expression: this.#atomic(expression, isEmpty), isEmpty };
    const isLook = kind !== undefined && /[=!]/.test(kind);
    if (!isLook) return { expression, isEmpty };
    const [isBehind, isNegated] = [kind.startsWith("<"), kind.endsWith("!")];
    return { expression: { kind: "look", part: expression, isBehind, isNegated }, isEmpty: true };
  }

  #class(): string {
    let source = this.#take("^") ? "^" : "";
    if (this.next === "]") throw new SyntaxError("an empty class, or a class with an unescaped ]");
    while (!this.#take("]")) {
      const char = this.#shift();
      if (char === "[") {
        if (this.next === ":") throw new SyntaxError("the class [:…:]");
        source += this.#class();
        continue;
      }
      if (char === "&" && this.next === "&") throw new SyntaxError('"&&" in a class');
      const item = this.#classItem(char);
      if (this.next !== "-" || this.#chars[this.#at + 1] === "]") {
        source += item.set ?? this.#literal(item.char);
        continue;
      }
      this.#at++;
      const end = this.#shift();
      const last = end === "[" ? { set: "[" } : this.#classItem(end);
      if (item.set !== undefined || last.set !== undefined || char === "-") {
        throw new SyntaxError('"-" beside no characters in a class');
      }
      source += this.#range(item.char, last.char);
    }
    return `[${source}]`;
  }

  #range(first: string, last: string): string {
    if (!this.#folds) return `${escaped(first)}-${escaped(last)}`;
    const [from, to] = [first.codePointAt(0)!, last.codePointAt(0)!];
    return Array.from({ length: to - from + 1 }, (_, index) => this.#literal(String.fromCodePoint(from + index))).join(
      "",
    );
  }

  #classItem(char: string): Item {
    return char === "\\" ? this.#escape(ONIGURUMA_WORD) : { char };
  }

  /** Parses what follows a backslash, in or outside a class. */
  #escape(word: string): Item {
    const isAlone = word === ONIGURUMA_WORD_ALONE;
    const char = this.#shift();
    const set = (inside: string, negated = false) => {
      if (this.#folds) throw new SyntaxError(`"\\${char}" in a group (?i:…)`);
      return { set: `[${negated ? "^" : ""}${inside}]` };
    };
    if (char === "s" || char === "S") return set(WHITE_SPACE, char === "S");
    if (char === "d" || char === "D") return set("\\p{Nd}", char === "D");
    if (char === "w" || char === "W" && isAlone) return set(word, char === "W");
    if (char === "p" || char === "P") {
      const [, not, name] = /^\{(\^?)([A-Za-z]+)\}/.exec(this.#chars.slice(this.#at, this.#at + 24).join("")) ?? [];
      if (name === undefined || !CATEGORY.test(name) && !SCRIPTS.includes(name)) {
        throw new SyntaxError(`the property "\\${char}${this.#chars.slice(this.#at, this.#at + 16).join("")}"`);
      }
      this.#at += not!.length + name.length + 2;
      return set(CATEGORY.test(name) ? `\\p{${name}}` : `\\p{Script=${name}}`, (char === "P") !== (not === "^"));
    }
    const code = /^x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/
      .exec(char + this.#chars.slice(this.#at, this.#at + 8).join(""));
    if (code) {
      this.#at += code[0].length - 1;
      const value = Number.parseInt(code[1] ?? code[2] ?? "", 16);
      // Oniguruma reads two digits past 7f as a byte of UTF-8.
      const isByte = code[1] !== undefined && value > 0x7f;
      if (isByte || value > 0x10ffff || value >= 0xd800 && value <= 0xdfff) throw new SyntaxError(`"\\${code[0]}"`);
      return { char: String.fromCodePoint(value) };
    }
    const control = CONTROL_ESCAPES[char];
    if (control === undefined && /[\p{L}\p{N}]/u.test(char)) throw new SyntaxError(`"\\${char}"`);
    return { char: control ?? char };
  }

  /** Returns a character, with its other cases in a group (?i:…). */
  #literal(char: string): string {
    if (!this.#folds) return escaped(char);
    if (char > "\x7f") throw new SyntaxError(`"${char}" in a group (?i:…)`);
    return `[${cases(char)}]`;
  }

  #shift(): string {
    const char = this.#chars[this.#at++];
    if (char === undefined) throw new SyntaxError("a pattern that ends too early");
    return char;
  }

  #take(char: string): boolean {
    if (this.next !== char) return false;
    this.#at++;
    return true;
  }
}
