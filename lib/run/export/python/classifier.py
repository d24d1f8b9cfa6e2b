# The parts that all exports to Python share: from texts to token ids, n-grams, answers, and the command line.
import gzip
import json
import math
import numbers
import os
import re
import struct
import sys
import unicodedata
from bisect import bisect_right
from collections import Counter
from decimal import Decimal
from functools import lru_cache

UNKNOWN = 1
FIRST_KNOWN = 2
MOST_ROWS = 256


def one_of(name, value, known):
    """Returns `value` if this file supports it."""
    if value not in known:
        raise ValueError(f"{name} is {value!r}: expected {' or '.join(map(str, known))}; export the run with its own version")
    return value


class Sequence(list):
    """Token ids, the names of those that are unknown in `unknown` (None for one without a name), and if more were given."""

    @staticmethod
    def of(names, ids, truncated):
        sequence = Sequence(ids.get(name, UNKNOWN) for name in names)
        sequence.unknown = [name for name in names if name not in ids]
        sequence.truncated = truncated
        if not sequence:
            sequence.append(UNKNOWN)
            sequence.unknown.append(None)
        return sequence

    def flags(self):
        return {"unknownShare": len(self.unknown) / len(self), "truncated": self.truncated}


class Reader:
    """Turns tokens by name into token ids as training did, by preprocessing.json."""

    def __init__(self, preprocessing):
        self.options = preprocessing["tokenizer"]
        self.max_length = preprocessing["maxLength"]
        self.truncate = one_of("truncate", preprocessing["truncate"], ("end", "start"))
        self.rules = one_of("rules", preprocessing.get("rules", 1), (1, 2))
        self.ids = {token: index + FIRST_KNOWN for index, token in enumerate(preprocessing["vocabulary"])}

    def spelled(self, text):
        """Returns a text or a token as the model spells it."""
        return text

    def __call__(self, text):
        return self.read(self.cut(text))

    def named(self, names):
        return self.read([self.spelled(name) for name in names])

    def read(self, names):
        """Returns at least one id, and at most as many as the model reads."""
        kept = names[: self.max_length] if self.truncate == "end" else names[-self.max_length :]
        return Sequence.of(kept, self.ids, len(names) > len(kept))


class HuggingFaceReader(Reader):
    """Cuts texts by the library `tokenizers`, if it is installed."""

    def __init__(self, preprocessing):
        super().__init__(preprocessing)
        self.library = None
        # Runs of the first rules were trained with another library, which cuts some texts differently.
        self.refusal = ": this run is of an old version, whose tokenizer only Lockstep has"
        if self.rules == 2:
            self.refusal = ": its tokenizer is one of Hugging Face. Install the package tokenizers"
            try:
                from tokenizers import Tokenizer
            except ImportError:
                return
            self.library = Tokenizer.from_str(json.dumps(self.options["tokenizer"]))
            self.library.no_padding()
            model = self.options["tokenizer"]["model"]
            self.unknown_id = model.get("unk_id") if isinstance(model["vocab"], list) else None

    @property
    def takes_texts(self):
        return self.library is not None

    def cut(self, text):
        """Returns the tokens of a text, None for one that the tokenizer does not know."""
        if not self.takes_texts:
            raise TypeError(f"this model cuts no texts{self.refusal}")
        # Half of a surrogate pair is no character.
        written = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        cut = self.library.encode(written, add_special_tokens=False)
        # A piece that the tokenizer itself does not know has no name.
        return [
            None if index == self.unknown_id and self.library.id_to_token(index) != token else token
            for index, token in zip(cut.ids, cut.tokens)
        ]


SPACE, WORD, MARK, JOINER, SINGLE, OTHER = range(6)
KINDS = {"space": SPACE, "word": WORD, "mark": MARK, "joiner": JOINER, "single": SINGLE}
SPACE_CHARACTERS = (
    "\t\n\x0b\x0c\r \xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
SPACES = re.compile(f"[{SPACE_CHARACTERS}]+")


MOST_MARKS = 64


def composed(text):
    """Returns the NFC. Drops accents beyond the most that any writing puts on a letter: sorting n of them takes n² steps."""
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


class Encoder(Reader):
    """Cuts texts into words, characters or codes, by the kinds of characters in characters.json."""

    takes_texts = True

    def __init__(self, preprocessing, characters):
        super().__init__(preprocessing)
        self.punctuation = one_of("punctuation", self.options.get("punctuation", "keep"), ("keep", "drop"))
        one_of("tokenizer", self.options["kind"], ("words", "chars", "codes"))
        invisible = characters["invisible"] if self.rules == 2 else []
        self.invisible = {code: None for first, last in invisible for code in range(first, last + 1)}
        self.lower = {int(code): text for code, text in characters["lower"].items()}
        self.kinds = bytearray([OTHER]) * 0x110000
        for name, ranges in characters["kinds"].items():
            for first, last in ranges:
                self.kinds[first : last + 1] = bytes([KINDS[name]]) * (last + 1 - first)

    def spelled(self, text):
        """Returns a text or a token as the model spells it: composed, and without characters that are not shown."""
        return composed(text.translate(self.invisible)) if self.rules == 2 else text

    def cut(self, text):
        text = self.spelled(text)
        if self.options.get("lowercase"):
            # Python's rules come first, as some depend on the neighbours; then the letters that Python does not know.
            text = text.lower().translate(self.lower)
        return {"words": self.words, "chars": self.chars, "codes": self.codes}[self.options["kind"]](text)

    def ahead(self, text, index):
        """Returns the kind of the character at `index`; characters past U+FFFF never continue a token."""
        if index >= len(text):
            return SPACE
        return self.kinds[ord(text[index])] if text[index] <= "\uffff" else OTHER

    def words(self, text):
        tokens, start, index = [], -1, 0
        while index < len(text):
            kind = self.kinds[ord(text[index])]
            end = index + 1
            if kind == WORD:
                start = index if start < 0 else start
            elif kind == JOINER and start >= 0 and self.ahead(text, end) in (WORD, SINGLE):
                pass
            elif kind != MARK:
                if start >= 0:
                    tokens.append(text[start:index])
                start = -1
                while kind == SINGLE and self.ahead(text, end) == MARK:
                    end += 1
                if kind == SINGLE or (kind != SPACE and self.punctuation == "keep"):
                    tokens.append(text[index:end])
            index = end
        return tokens + ([text[start:]] if start >= 0 else [])

    def chars(self, text):
        text = SPACES.sub(" ", text).strip(" ")
        tokens, index = [], 0
        while index < len(text):
            end = index + 1
            while self.ahead(text, end) == MARK:
                end += 1
            tokens.append(text[index:end])
            index = end
        return tokens

    def codes(self, text):
        text = "".join(" " if self.kinds[ord(character)] == SPACE else character for character in text)
        return [token for token in text.split(" ") if token]


FIELD_SEPARATOR = "\x1f"
MISSING = re.compile("[-+]?nan|null|nil|none|undefined|n/?a|#n/a|<na>|nat|missing", re.ASCII | re.IGNORECASE)
NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]{1,3})?", re.ASCII | re.IGNORECASE)
EXAMPLES = {"text": "…", "number": 12.5, "category": "…"}
EXPECTED = {
    "text": "a text",
    "number": "a number such as 12.5, or null for a missing one",
    "category": "a text, a number, true or false, or null for a missing one",
}
MOST_LISTED = 20
NOTHING = object()


class FieldReader:
    """Turns the fields of a row into token ids: `texts` is the Reader that cuts texts."""

    def __init__(self, texts, columns):
        self.texts, self.columns = texts, columns
        self.form = json_of({column["name"]: EXAMPLES[column["kind"]] for column in columns})
        self.marks = [self.token(column, "") for column in columns if column["kind"] == "text"]

    def __call__(self, row, name):
        values = self.checked(row, name)
        by_kind = {kind: [] for kind in EXPECTED}
        for column, value in zip(self.columns, values):
            by_kind[column["kind"]].append((column, value))
        names = [self.token(column, self.bin(column.get("edges"), value)) for column, value in by_kind["number"]]
        names += [self.token(column, self.spelled(value or "")) for column, value in by_kind["category"]]
        for column, value in by_kind["text"]:
            # A piece that the tokenizer itself does not know is a token without letters.
            names += [self.token(column, ""), *(token or "" for token in self.texts.cut(self.spelled(value)))]
        return self.texts.read(names)

    def checked(self, row, name):
        """Returns the value of each column, None for a missing number or category."""
        if not isinstance(row, dict):
            raise TypeError(f"{name} is {json_shown(row)}: expected an object such as {self.form}")
        names = {column["name"] for column in self.columns}
        unknown = [shortened(f"{name}.{key}") for key in row if key not in names]
        problems = [f"{field} is not known: expected fields as in {self.form}" for field in unknown]
        values = []
        for column in self.columns:
            given = row.get(column["name"], NOTHING)
            values.append(field_value(column["kind"], given))
            if values[-1] is NOTHING:
                value = "missing" if given is NOTHING else json_shown(given)
                problems.append(f"{name}.{column['name']} is {value}: expected {EXPECTED[column['kind']]}")
        if problems:
            more = len(problems) - MOST_LISTED
            raise TypeError("\n".join(problems[:MOST_LISTED] + ([f"and {more} more"] if more > 0 else [])))
        return values

    def spelled(self, text):
        return self.texts.spelled(text).replace(FIELD_SEPARATOR, " ")

    @staticmethod
    def token(column, value):
        return column["name"] + FIELD_SEPARATOR + value

    @staticmethod
    def bin(edges, value):
        """Returns the name of the bin of a number."""
        if value is None:
            return ""
        if not edges:
            return "any"
        at = bisect_right(edges, value)
        low, high = (digits_of(edge) for edge in (edges[max(at - 1, 0)], edges[min(at, len(edges) - 1)]))
        return f"<{high}" if at == 0 else f"≥{low}" if at == len(edges) else f"{low}…{high}"


def field_value(kind, value):
    """Returns the value of a field; NOTHING if its column does not take it."""
    if value is None:
        return "" if kind == "text" else None
    if kind == "text":
        return value if isinstance(value, str) and not isinstance(value, Digits) else NOTHING
    if not is_name(value) and not (kind == "category" and isinstance(value, bool)):
        return NOTHING
    text = (json_of(value) if isinstance(value, bool) else name_of(value)).strip(SPACE_CHARACTERS)
    if kind == "category":
        return text or None
    if text == "" or MISSING.fullmatch(text):
        return None
    return float(text) if NUMBER.fullmatch(text) and math.isfinite(float(text)) else NOTHING


MASK = 0xFFFFFFFF


def mix(state, word):
    """Computes one round of MurmurHash3's 32-bit hash."""
    k = word * 0xCC9E2D51 & MASK
    k = (k << 15 | k >> 17) * 0x1B873593 & MASK
    h = state ^ k
    return (h << 13 & MASK | h >> 19) * 5 + 0xE6546B64 & MASK


def finish(h):
    """Computes the end of MurmurHash3's 32-bit hash."""
    h = (h ^ h >> 16) * 0x85EBCA6B & MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & MASK
    return h ^ h >> 16


UINT16 = struct.Struct("<H")
EDGE = 0x10000
MOST_LETTERS = 5
MOST_ROWS_OF_VECTOR = 64
REMEMBERED = 100_000


def units_of(text):
    """The UTF-16 units of a text."""
    return [unit for unit, in UINT16.iter_unpack(text.encode("utf-16-le", "surrogatepass"))]


def hashed(start, words):
    state = start
    for word in words:
        state = mix(state, word)
    return finish(state)


@lru_cache(maxsize=REMEMBERED)
def own_key(name):
    """The key of a token."""
    return hashed(1, units_of(name))


@lru_cache(maxsize=REMEMBERED)
def letter_keys(name, shortest=2):
    """The keys of all runs of at least `shortest` letters of a word, with its edges; none of the token of a field."""
    if FIELD_SEPARATOR in name[1:]:
        return []
    marked = [EDGE, *units_of(name), EDGE]
    most = [min(MOST_LETTERS, len(marked) - begin) for begin in range(len(marked))]
    runs = ((begin, n) for begin, longest in enumerate(most) for n in range(shortest, longest + 1))
    return [hashed(2, marked[begin : begin + n]) for begin, n in runs]


def padded(sequences, vocabulary, letters):
    """
    Returns the token ids [rows, length], the lengths, and the rows of letters of unknown words: the word number n has the id
    vocabulary + n.
    """
    lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int32)
    tokens = np.zeros((len(sequences), lengths.max()), dtype=np.int32)
    words = []
    for row, sequence in enumerate(sequences):
        tokens[row, : len(sequence)] = sequence
        names = sequence.unknown if letters and isinstance(sequence, Sequence) else ()
        places = [at for at, token in enumerate(sequence) if token == UNKNOWN] if names else ()
        for at, name in zip(places, names):
            keys = letter_keys(name, 3)[: MOST_ROWS_OF_VECTOR - 1] if name is not None else ()
            if keys:
                tokens[row, at] = vocabulary + len(words)
                words.append([key % letters for key in keys])
    return tokens, lengths, words


MOST_LOG_ODDS = 16
BEGINNING, END = 0x5EED0001, 0x5EED0002


def softmax(scores):
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


class Ngrams:
    """A linear classifier of the n-grams of a sequence: see lib/ngrams of Lockstep. `names` are the known tokens, `marks` begin texts."""

    def __init__(self, about, tensors, kind, names, several, marks=None):
        self.several = several
        self.exponent, self.order, self.has_ends = about["exponent"], about["order"], about["hasEnds"]
        self.token_columns = about["tokenColumns"]
        self.has_letters = kind in ("words", "huggingface")
        self.names = names
        self.marks = None if marks is None else {own_key(mark) for mark in marks}
        self.columns = {int(high) << 16 | int(low): column for column, (high, low) in enumerate(tensors["keys"].tolist())}
        self.importance, self.weights, self.bias = (tensors[name] for name in ("importance", "weights", "bias"))
        # Where scores are many, each feature has weights for some of them.
        counts = tensors.get("counts")
        self.starts = None if counts is None else np.concatenate([[0], np.cumsum(counts.astype(np.int64))])
        self.score_of = None if counts is None else tensors["scores"].astype(np.int64)

    def keys(self, sequence):
        """The keys of all features of a sequence: ids, of which the unknown ones may have a name."""
        own, keys = [], []
        unknown = iter(sequence.unknown if isinstance(sequence, Sequence) else ())
        for token in sequence:
            known = FIRST_KNOWN <= token < FIRST_KNOWN + len(self.names)
            name = self.names[token - FIRST_KNOWN] if known else next(unknown, None) if token == UNKNOWN else None
            if name is None:
                own.append(None)
                continue
            own.append(own_key(name))
            keys.append(own[-1])
            if self.has_letters:
                keys.extend(letter_keys(name))
        if self.marks is None:
            self.add_grams([BEGINNING, *own, END] if self.has_ends else own, keys)
            return keys
        begins = [at for at, key in enumerate(own) if key in self.marks]
        for begin, end in zip(begins, [*begins[1:], len(own)]):
            self.add_grams([*own[begin:end], END], keys)
            if len(self.marks) > 1:
                keys.extend(hashed(4, (own[begin], key)) for key in own[begin + 1 : end] if key is not None)
        return keys

    def add_grams(self, own, keys):
        for begin in range(len(own)):
            for n in range(2, min(self.order, len(own) - begin) + 1):
                gram = own[begin : begin + n]
                if None not in gram:
                    keys.append(hashed(3, gram))

    def combined(self, lstm, sequence):
        """The probabilities of both, by those of the LSTM."""
        if self.several:
            with np.errstate(divide="ignore"):
                odds = np.clip(np.log(lstm) - np.log1p(-lstm), -MOST_LOG_ODDS, MOST_LOG_ODDS)
            return 1 / (1 + np.exp(-(self.scores(sequence) + self.exponent * odds)))
        return softmax(self.exponent * np.log(np.maximum(lstm, 2.0**-149)) + self.scores(sequence))

    def scores(self, sequence):
        counts = Counter(self.columns[key] for key in self.keys(sequence) if key in self.columns)
        columns = np.array(sorted(counts), dtype=np.int64)
        values = self.importance[columns] * np.array([1 + math.log(counts[column]) for column in columns.tolist()])
        is_token = columns < self.token_columns
        for part in (is_token, ~is_token):
            values[part] /= np.linalg.norm(values[part]) or 1.0
        scores = self.bias + self.sums(columns, values)
        return np.array([0.0, *scores]) if len(scores) == 1 and not self.several else scores


    def sums(self, columns, values):
        if self.starts is None:
            return values @ self.weights[columns]
        sums = np.zeros(len(self.bias))
        for column, value in zip(columns.tolist(), values.tolist()):
            part = slice(self.starts[column], self.starts[column + 1])
            sums[self.score_of[part]] += value * self.weights[part]
        return sums


class HashedNgrams:
    """The n-grams of earlier versions of Lockstep, whose features are hashed."""

    def __init__(self, about, tensors):
        self.share, self.order, self.tokens = about["share"], about["order"], about["tokens"]
        self.hashed = about["features"] - self.tokens
        self.rows = {int(feature): row for row, feature in enumerate(tensors["features"].tolist())}
        self.importance, self.weights, self.bias = (tensors[name] for name in ("importance", "weights", "bias"))

    def features(self, tokens):
        found = {token if token < self.tokens else self.tokens + hashed(0, [token]) % self.hashed for token in tokens}
        marked = [-1, *tokens, -2] if self.order > 2 else tokens
        for begin in range(len(marked)):
            for n in range(2, min(self.order, len(marked) - begin) + 1):
                found.add(self.tokens + hashed(0, marked[begin : begin + n]) % self.hashed)
        return found

    def probabilities(self, tokens):
        rows = [self.rows[feature] for feature in sorted(self.features(tokens)) if feature in self.rows]
        values = self.importance[rows].astype(float)
        norm = np.linalg.norm(values) or 1.0
        return softmax(self.bias + values / norm @ self.weights[rows])

    def combined(self, lstm, tokens):
        """The weighted mean of the LSTM's probabilities and its own."""
        return self.share * lstm + (1 - self.share) * self.probabilities(tokens)


class Digits(str):
    """A number in JSON, with its digits unchanged."""


def is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def is_name(value):
    return isinstance(value, str) or is_number(value)


def digits_of(number):
    """Writes a number as JavaScript does."""
    if isinstance(number, numbers.Integral) and abs(number) < 10**21:
        return str(int(number))
    if number == 0 or not math.isfinite(number):
        return "0" if number == 0 else "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"
    sign, parts, exponent = Decimal(repr(float(number))).normalize().as_tuple()
    digits, point = "".join(map(str, parts)), len(parts) + exponent
    if 0 < point <= 21:
        text = (digits[:point].ljust(point, "0") + "." + digits[point:]).removesuffix(".")
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        text = f"{digits[0]}.{digits[1:]}".removesuffix(".") + f"e{point - 1:+d}"
    return "-" * sign + text


def name_of(token):
    """The name of a token: a number stands for its digits."""
    return digits_of(token) if is_number(token) else str(token)


def shortened(text):
    return text if len(text) <= 60 else text[:59] + "…"


def json_of(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=repr)


def json_shown(value):
    if is_number(value) or isinstance(value, Digits):
        return shortened(name_of(value))
    return shortened(json_of(value))


def shown(value):
    return shortened(str(value) if isinstance(value, Digits) else repr(value))


class Classifier:
    def __init__(self, folder, about, lstm):
        self.about, self.lstm, self.encode, self.fields, self.ngrams = about, lstm, None, None, None
        self.is_codes = False
        self.several = about["model"].get("labels") == "many"
        self.thresholds = about.get("thresholds", [0.5] * len(about["labels"]))
        preprocessing = read_json(folder, "preprocessing.json") if "preprocessingDigest" in about else None
        if preprocessing:
            kind = preprocessing["tokenizer"]["kind"]
            self.is_codes = kind == "codes"
            is_plain = kind != "huggingface"
            self.encode = (
                Encoder(preprocessing, read_json(folder, "characters.json")) if is_plain else HuggingFaceReader(preprocessing)
            )
            if "columns" in preprocessing:
                self.fields = FieldReader(self.encode, preprocessing["columns"])
        if "ngrams" in about:
            tensors = read_safetensors(os.path.join(folder, "ngrams.safetensors"))
            if "features" in about["ngrams"]:
                self.ngrams = HashedNgrams(about["ngrams"], tensors)
            else:
                marks = self.fields and self.fields.marks
                self.ngrams = Ngrams(about["ngrams"], tensors, kind, preprocessing["vocabulary"], self.several, marks)

    def predict(self, inputs, reject=None, top=0):
        """
        Returns class, label (or labels) and probabilities of a row, or a list of answers for a list of rows. Raises
        TypeError or ValueError for other inputs, and ValueError if the model does not reach the precision `reject`. With
        `top` an answer lists as many of the most probable labels.
        """
        threshold = self.threshold(reject)
        if hasattr(inputs, "tolist") and not self.fields:
            ids = inputs.tolist()
            inputs = [{"ids": row} for row in ids] if ids and isinstance(ids[0], list) else {"ids": ids}
        if isinstance(inputs, (list, tuple)) and not self.is_row(inputs):
            sequences = [self.sequence(one, f"inputs[{index}]") for index, one in enumerate(inputs)]
            return self.answers(sequences, threshold, top)
        return self.answers([self.sequence(inputs, "input")], threshold, top)[0]

    def is_row(self, inputs):
        """Tells whether a list is one row, not a list of rows: numbers, or the codes of a model of codes."""
        if self.fields:
            return False
        if len(inputs) == 0 or all(is_number(one) for one in inputs):
            return len(inputs) > 0
        if not self.is_codes or not all(is_name(one) for one in inputs):
            return False
        for one in inputs:
            if isinstance(one, str) and re.search(r"\s", one) and one not in self.encode.ids:
                wanted = 'expected {"tokens": [...]} for a row, or a list of {"text": "..."}'
                raise TypeError(f"input is a list of strings with {shown(one)}: {wanted}")
        return True

    def threshold(self, reject=None):
        """Returns the least probability of an answer for the precision `reject`, or the model's own."""
        if self.several and reject:
            raise ValueError(f"reject is {reject}, but each label of this model has a threshold of its own: expected 0")
        rejection = self.about.get("rejection", {"threshold": 0, "points": []})
        if reject is None or reject == 0:
            return rejection["threshold"] if reject is None else 0
        points = rejection["points"]
        for point in points:
            if point["precision"] >= reject:
                return point["threshold"]
        most = math.floor(1000 * points[-1]["precision"]) / 1000 if points else 0
        raise ValueError(f"reject is {reject}: expected at most {most}, the highest precision on the model's validation rows")

    def sequence(self, value, name):
        """Returns the token ids that `value` means."""
        if self.fields:
            return self.fields(value, name)
        if isinstance(value, str) and not isinstance(value, Digits):
            if not self.encode:
                raise TypeError(f"{name} is a text: this model takes token ids")
            if self.encode.takes_texts:
                return self.encode(value)
            raise TypeError(f"{name} is a text: this model takes tokens by name or token ids{self.encode.refusal}")
        if hasattr(value, "tolist"):
            return self.checked_ids(value.tolist(), name)
        if isinstance(value, (list, tuple)):
            if not self.encode:
                return self.checked_ids(value, name)
            if self.is_codes or not value or not all(is_number(token) for token in value):
                return self.named(value, name)
            raise TypeError(f'{name} is a list of numbers: expected {{"ids": [...]}} or {{"tokens": [...]}}, by name')
        if isinstance(value, dict) and len(value) == 1:
            ((key, content),) = value.items()
            if key == "text" and isinstance(content, str):
                return self.sequence(content, f'{name}["text"]')
            if key in ("ids", "tokens") and (isinstance(content, (list, tuple)) or hasattr(content, "tolist")):
                content = content.tolist() if hasattr(content, "tolist") else content
                by_name = key == "tokens" and self.encode
                return (self.named if by_name else self.checked_ids)(content, f'{name}["{key}"]')
        raise TypeError(f"{name} is {shown(value)}: expected a text, or a list of at least one token")

    def named(self, tokens, name):
        if len(tokens) == 0:
            raise TypeError(f"{name} is []: expected a text, or a list of at least one token")
        for index, token in enumerate(tokens):
            if not is_name(token):
                raise TypeError(f"{name}[{index}] is {shown(token)}: expected a token by name, a text or a number")
        return self.encode.named([name_of(token) for token in tokens])

    def checked_ids(self, ids, name):
        if len(ids) == 0:
            raise TypeError(f"{name} is []: expected a text, or a list of at least one token")
        size = self.about["model"]["vocabulary"]
        for index, token in enumerate(ids):
            is_id = isinstance(token, numbers.Integral) and not isinstance(token, bool)
            if not is_id or not 0 <= token < size:
                wanted = f"a token id, a whole number from 0 to {size - 1}"
                raise ValueError(f"{name}[{index}] is {shown(token)}: expected {wanted}")
        return [int(token) for token in ids]

    def answers(self, sequences, threshold, top=0):
        found = [None] * len(sequences)
        # Rows of a batch have similar lengths.
        order = sorted(range(len(sequences)), key=lambda place: len(sequences[place]))
        for first in range(0, len(order), MOST_ROWS):
            places = order[first : first + MOST_ROWS]
            batch = self.lstm.probabilities([sequences[place] for place in places])
            for place, row in zip(places, batch.astype(float)):
                sequence = sequences[place]
                row = self.ngrams.combined(row, sequence) if self.ngrams else row
                flags = sequence.flags() if isinstance(sequence, Sequence) else {}
                listed = {"top": self.top(row, top)} if top else {}
                found[place] = {**self.answer(row, threshold), "probabilities": row.tolist(), **listed, **flags}
        return found

    def top(self, row, count):
        order = np.argsort(-row, kind="stable")[:count]
        return [{"label": self.about["labels"][index], "probability": float(row[index])} for index in order]

    def answer(self, row, threshold):
        if self.several:
            above = [index for index, least in enumerate(self.thresholds) if row[index] >= least]
            above.sort(key=lambda index: -row[index])
            return {"labels": [{"label": self.about["labels"][index], "probability": float(row[index])} for index in above]}
        best = int(row.argmax())
        label, probability = self.about["labels"][best], float(row[best])
        if probability >= threshold:
            return {"class": best, "label": label}
        rejected = {"class": best, "label": label, "probability": probability, "threshold": threshold}
        return {"class": None, "label": None, "rejected": rejected}


def read_json(folder, name):
    with open(os.path.join(folder, name), encoding="utf8") as file:
        return json.load(file)


def read_safetensors(path):
    """Reads the float32 tensors of a safetensors file, by name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data, dtype="<f4", count=(end - begin) // 4, offset=begin).reshape(entry["shape"])
    return tensors


LONGEST = 10_000_000


def questions(model, stream):
    """Yields the question of each line, or its ValueError. Lines are UTF-8 and end with LF or CRLF."""
    if stream.peek(2)[:2] == b"\x1f\x8b":
        stream = gzip.GzipFile(fileobj=stream)
    for number, line in enumerate(stream, 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            yield ValueError(f"line {number} contains bytes that are not UTF-8")
            continue
        text = text[:-1] if text.endswith("\n") else text
        text = text[:-1] if text.endswith("\r") else text
        if "\0" in text:
            yield ValueError(f"line {number} contains a NUL byte, expected text")
        elif len(text) > LONGEST:
            yield ValueError(f"line {number} is longer than {LONGEST:,} characters")
        else:
            yield question(model, text)


def question(model, line):
    """Parses a JSON object with a text, tokens or the fields of a row, a text, or token ids: `21 6 37`, `[21, 6, 37]`."""
    column = model.about["config"].get("textColumn", "text")
    # In rows of text a number is a token with the digits of the file; by older rules, with those of its value.
    digits = {"parse_int": Digits, "parse_float": Digits} if model.encode and model.encode.rules == 2 else {}
    try:
        value = json.loads(line, **digits) if line.lstrip().startswith("{") else None
    except ValueError:
        value = None
    if model.fields:
        return line if value is None else value
    for key in (column, "text", "tokens"):
        if isinstance(value, dict) and key in value:
            content = value[key]
            if isinstance(content, list):
                return {"tokens": content}
            return {"text": content} if type(content) is str else content
    if model.encode and (model.encode.takes_texts or not re.fullmatch(r"[\s,0-9\[\]]*", line)):
        return line
    words = line.strip().removeprefix("[").removesuffix("]").replace(",", " ").split()
    return {"ids": [int(word) if re.fullmatch(r"[+-]?[0-9]+", word) else word for word in words]}


def main(arguments):
    model = load(os.path.dirname(os.path.abspath(__file__)))
    if arguments:
        text = " ".join(arguments)
        print(json.dumps(model.predict(question(model, text) if model.fields or not model.encode or not model.encode.takes_texts else text)))
        return
    refused = 0
    for number, one in enumerate(questions(model, sys.stdin.buffer), 1):
        try:
            if isinstance(one, ValueError):
                raise one
            answer = model.answers([model.sequence(one, f"line {number}")], model.threshold())[0]
        except (TypeError, ValueError) as error:
            refused += 1
            answer = {"line": number, "error": str(error)}
        print(json.dumps(answer), flush=True)
    if refused:
        sys.exit(2)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (TypeError, ValueError) as error:
        sys.exit(f"error: {error}")
