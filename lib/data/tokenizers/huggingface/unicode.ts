/**
 * Defines classes of characters and normal forms as in Hugging Face's library. It uses libraries of several Unicode
 * versions; the classes of this runtime are corrected by the differences, found by comparing every code point.
 */

/** Turns ranges such as `61d 1b4e-1b4f` into the inside of a class. */
function inside(ranges: string): string {
  return ranges.replace(/[0-9a-f]+/g, "\\u{$&}").replaceAll(" ", "");
}

/** Combining marks that are newer than its normalizers. */
const NEWER_MARKS = inside(
  "7fd 897-89f 8ca-8d3 9fe afa-aff b55 c04 c3c cf3 d00 d3b-d3c d81 eba ece 1715 180f 1abf-1ace 1cf7 1df6-1dfa a82c " +
    "a8ff 10d24-10d27 10d69-10d6d 10eab-10eac 10efc-10eff 10f46-10f50 10f82-10f85 11070 11073-11074 110c2 " +
    "11145-11146 111c9 111ce-111cf 11241 1133b 113b8-113c0 113c2 113c5 113c7-113ca 113cc-113d0 113d2 113e1-113e2 " +
    "1145e 1182c-1183a 11930-11935 11937-11938 1193b-1193e 11940 11942-11943 119d1-119d7 119da-119e0 119e4 " +
    "11a01-11a0a 11a33-11a39 11a3b-11a3e 11a47 11a51-11a5b 11a8a-11a99 11d31-11d36 11d3a 11d3c-11d3d 11d3f-11d45 " +
    "11d47 11d8a-11d8e 11d90-11d91 11d93-11d97 11ef3-11ef6 11f00-11f01 11f03 11f34-11f3a 11f3e-11f42 11f5a 13440 " +
    "13447-13455 1611e-1612f 16f4f 16f7f-16f87 16fe4 16ff0-16ff1 1cf00-1cf2d 1cf30-1cf46 1e08f 1e130-1e136 1e2ae " +
    "1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef",
);

/** Other characters that only newer versions of Unicode compose or decompose. */
const NEWER_COMPOSED = inside(
  "32ff a7f2-a7f4 ab69 105c9 105d2 105da 105e4 10781-10785 10787-107b0 107b2-107ba 11382-11385 1138b 1138e 11390-11391 " +
    "16d63 16d67-16d6a 1ccd6-1ccf9 1e030-1e06d 1f16c 1fbf0-1fbf9",
);

/** Nonspacing marks that are newer than BertNormalizer. */
const NEWER_NONSPACING = inside(
  "7fd 897-89f 8ca-8e1 9fe afa-aff b55 c04 c3c d00 d3b-d3c d81 eba ece 180f 1885-1886 1abf-1ace 1df6-1dfb a82c a8c5 " +
    "a8ff a9bd 10d24-10d27 10d69-10d6d 10eab-10eac 10efc-10eff 10f46-10f50 10f82-10f85 11070 11073-11074 110c2 111c9 " +
    "111cf 1123e 11241 1133b 113bb-113c0 113ce 113d0 113d2 113e1-113e2 11438-1143f 11442-11444 11446 1145e " +
    "1182f-11837 11839-1183a 1193b-1193c 1193e 11943 119d4-119d7 119da-119db 119e0 11a01-11a0a 11a33-11a38 " +
    "11a3b-11a3e 11a47 11a51-11a56 11a59-11a5b 11a8a-11a96 11a98-11a99 11c30-11c36 11c38-11c3d 11c3f 11c92-11ca7 " +
    "11caa-11cb0 11cb2-11cb3 11cb5-11cb6 11d31-11d36 11d3a 11d3c-11d3d 11d3f-11d45 11d47 11d90-11d91 11d95 11d97 " +
    "11ef3-11ef4 11f00-11f01 11f36-11f3a 11f40 11f42 11f5a 13440 13447-13455 1611e-16129 1612d-1612f 16f4f 16fe4 " +
    "1cf00-1cf2d 1cf30-1cf46 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a 1e08f 1e130-1e136 1e2ae " +
    "1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e944-1e94a",
);

/** Punctuation that is newer than BertNormalizer. */
const NEWER_PUNCTUATION = inside(
  "61d 9fd a76 c77 c84 1b4e-1b4f 1b7d-1b7f 2e43-2e4f 2e52-2e5d 10d6e 10ead 10f55-10f59 10f86-10f89 113d4-113d5 " +
    "113d7-113d8 1144b-1144f 1145a-1145b 1145d 11660-1166c 116b9 1183b 11944-11946 119e2 11a3f-11a46 11a9a-11a9c " +
    "11a9e-11aa2 11b00-11b09 11be1 11c41-11c45 11c70-11c71 11ef7-11ef8 11f43-11f4f 11fff 12ff1-12ff2 16d6d-16d6f " +
    "16e97-16e9a 16fe2 1e5ff 1e95e-1e95f",
);

/** Insides of classes, for expressions with the flag `v`. */
export const WHITE_SPACE = "\\p{White_Space}";
export const PUNCTUATION = `[[\\p{P}!-\\/:-@\\[-\\x60\\{-~\\u{166d}\\u{111c9}]--[${NEWER_PUNCTUATION}]]`;
export const NUMERIC = "\\p{N}\\u{11de0}-\\u{11de9}\\u{16ff4}-\\u{16ff6}";
/** `\w` of the Rust library regex. */
export const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";
/** `\w` of Oniguruma inside a class; outside, it also has a few superscripts and fractions. */
export const ONIGURUMA_WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";
export const ONIGURUMA_WORD_ALONE = `${ONIGURUMA_WORD}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}`;
export const COMBINING_MARK = `[[\\p{M}\\u{1cf2}-\\u{1cf3}]--[${NEWER_MARKS}]]`;
export const NONSPACING_MARK = `[[\\p{Mn}\\u{1734}\\u{1171e}]--[${NEWER_NONSPACING}]]`;
/** Characters that BertNormalizer drops: NUL, U+FFFD, and control characters except tab and line ends. */
export const CONTROL = `[[\\p{Cc}\\p{Cf}\\p{Co}\\u{fffd}]--[\\t\\n\\r${inside("890-891 8e2 110cd 13430-1343f")}]]`;
export const CHINESE = inside("3400-4dbf 4e00-9fff f900-faff 20000-2a6df 2a700-2b81f 2b920-2ceaf 2f800-2fa1f");
/** Characters that the normalizer Nmt drops, and those that it replaces by a space. */
export const NMT_CONTROL = inside("1-8 b e-1f 7f 8f 9f");
export const NMT_SPACE = inside("9 a c d 1680 200b-200f 2028 2029 2581 feff fffd");

const NEWER = new RegExp(`([${NEWER_MARKS}${NEWER_COMPOSED}])`, "v");

/** Returns `text` in a normal form. Newer characters are unchanged, and nothing is composed or sorted across them. */
export function unicodeForm(text: string, form: "NFC" | "NFD" | "NFKC" | "NFKD"): string {
  const normalized = (part: string) => withSortedMarks(part).normalize(form);
  if (!NEWER.test(text)) return normalized(text);
  return text.split(NEWER).map((part, index) => index % 2 === 1 ? part : normalized(part)).join("");
}

/** Returns `text` in lower case, each character by itself: a Σ at the end of a word is like any other. */
export function lowerCase(text: string): string {
  let lower = "";
  for (const char of text) lower += newerLowerCase(char.codePointAt(0)!) ?? char.toLowerCase();
  return lower;
}

/** Returns the lower case of letters that are too new for this runtime. */
function newerLowerCase(code: number): string | undefined {
  if (code >= 0x16ea0 && code <= 0x16eb8) return String.fromCodePoint(code + 0x1b);
  return code === 0xa7ce || code === 0xa7d2 || code === 0xa7d4 ? String.fromCharCode(code + 1) : undefined;
}

/** The visible character that byte-level tokenizers write for each byte. */
const BYTE_CHARACTERS: readonly string[] = (() => {
  let next = 256;
  const isVisible = (byte: number) =>
    byte >= 0x21 && byte <= 0x7e || byte >= 0xa1 && byte <= 0xac || byte >= 0xae && byte <= 0xff;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isVisible(byte) ? byte : next++));
})();

const utf8 = new TextEncoder();

/** Returns the bytes of `text` in UTF-8, each as a visible character. */
export function byteLevel(text: string): string {
  let visible = "";
  for (const byte of utf8.encode(text)) visible += BYTE_CHARACTERS[byte]!;
  return visible;
}

/** Returns the bytes of `text` in UTF-8 as tokens such as `<0xE2>`. */
export function byteTokens(text: string): string[] {
  return Array.from(utf8.encode(text), (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
}

/**
 * Combining marks in long runs are sorted here, before the runtime normalizes them: it sorts a run of n marks in n² steps
 * unless the run is sorted. A text and the same text with sorted marks have the same normal forms.
 */
const LONG_RUN = /\p{M}{32,}/gu;

/** Marks of the first and of the last class: U+0334 of class 1, U+0345 of class 240. */
const FIRST = "\u0334";
const LAST = "\u0345";

/** Returns `text` with the marks of long runs decomposed, in the order of Unicode. */
function withSortedMarks(text: string): string {
  return text.replace(LONG_RUN, sorted);
}

function sorted(run: string): string {
  const done: string[] = [];
  /** Marks of each class since the last character that marks are not sorted across. */
  let marks = new Map<string, string[]>();
  const flush = () => {
    for (const one of classes) for (const mark of marks.get(one) ?? []) done.push(mark);
    marks = new Map();
  };
  for (const char of run) {
    for (const mark of char.normalize("NFD")) {
      const own = classOf(mark);
      if (own === undefined) {
        flush();
        done.push(mark);
      } else {
        const others = marks.get(own);
        if (others) others.push(mark);
        else marks.set(own, [mark]);
      }
    }
  }
  flush();
  return done.join("");
}

/** Canonical combining classes that occurred so far, in order. Each is named by one of its marks. */
const classes: string[] = [];
const known = new Map<string, string | undefined>();

/** Returns the class of a mark; undefined for a character that keeps its place. */
function classOf(mark: string): string | undefined {
  if (known.has(mark)) return known.get(mark);
  let own: string | undefined;
  if (comesAfter(LAST, mark) || comesAfter(mark, FIRST)) {
    const at = classes.findIndex((other) => !comesAfter(mark, other));
    own = at >= 0 && !comesAfter(classes[at]!, mark) ? classes[at]! : mark;
    if (own === mark) classes.splice(at < 0 ? classes.length : at, 0, mark);
  }
  known.set(mark, own);
  return own;
}

/** Tells whether Unicode sorts `first` after `second`. */
function comesAfter(first: string, second: string): boolean {
  return (first + second).normalize("NFD") !== first + second;
}
