#!/usr/bin/env python3
"""A classifier trained by Lockstep, in PyTorch: Embedding -> LSTM -> Linear, combined with n-grams if it has some.

    python3 model.py where is my parcel            # a model of text: class and probabilities of one text
    python3 model.py < texts.txt                   # one text a line, one JSON answer a line, also for blank lines
    python3 model.py 21 6 37 33 18 48 1 25         # other models: one sequence of token ids
    python3 model.py < sequences.jsonl             # one list of token ids a line

    import model
    classifier = model.load("this/folder")
    classifier.predict("where is my parcel")                  # a text: one answer
    classifier.predict([21, 6, 37])                           # a list of token ids: one answer
    classifier.predict(["where is my parcel", "another"])     # a list of texts: an answer each
    classifier.predict([["login", "search"], [21, 6, 37]])    # tokens by name, and token ids: an answer each
    classifier.predict({"tokens": ["login", "search"]})       # tokens by name: one answer
    classifier.predict("where is my parcel", reject=0.95)     # label None where 95 % precision wants more confidence
    classifier.lstm(tokens, lengths)                          # only the logits of the nn.Module

A line that is a JSON object with "text" or "tokens" is read as such. The answer to an invalid line
has its number and an "error", and the exit code is then 2.

Needs only PyTorch. Its folder also has model.safetensors, the LSTM's weights; lockstep.json, its sizes and labels; and
for a model of text preprocessing.json, characters.json and, if it is combined with n-grams, ngrams.safetensors. A model
with a tokenizer of Hugging Face takes no texts: split them with that tokenizer and give its tokens by name, or their ids
in the vocabulary of preprocessing.json, whose first token has the id 2 (1 is unknown).
"""
import gzip
import json
import math
import numbers
import os
import re
import struct
import sys
import unicodedata
from collections import Counter

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence



def one_of(name, value, known):
    """Returns `value` if this file supports it."""
    if value not in known:
        raise ValueError(f"{name} is {value!r}: expected {' or '.join(map(str, known))}; export the run with its own version")
    return value


UNKNOWN = 1
FIRST_KNOWN = 2


class Sequence(list):
    """Token ids, and the names of those that are unknown in `unknown`; None for one without a name."""

    @staticmethod
    def of(names, ids):
        sequence = Sequence(ids.get(name, UNKNOWN) for name in names)
        sequence.unknown = [name for name in names if name not in ids]
        if not sequence:
            sequence.append(UNKNOWN)
            sequence.unknown.append(None)
        return sequence


class Lstm(nn.Module):
    """
    Rows are right-padded; tokens past a row's length are not read. The vectors of known words are in `embedding`. Those of
    others are made of `letters`, where words have some.
    """

    def __init__(
        self, vocabulary, embedding, hidden, classes, layers=1, bidirectional=False, pooling="last", letterRows=0
    ):
        super().__init__()
        self.pooling = one_of("pooling", pooling, ("last", "mean", "max"))
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.letters = nn.Embedding(letterRows, embedding) if letterRows else None
        self.lstm = nn.LSTM(embedding, hidden, layers, batch_first=True, bidirectional=bidirectional)
        self.linear = nn.Linear(hidden * (2 if bidirectional else 1), classes)

    def forward(self, tokens, lengths, unknown=()):
        """Returns the logits [batch, classes]. `unknown` are the vectors of words with ids past the vocabulary."""
        vectors = torch.cat([self.embedding.weight, torch.stack(unknown)]) if unknown else self.embedding.weight
        inputs = nn.functional.embedding(tokens, vectors)
        packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        outputs, (hidden, _) = self.lstm(packed)
        if self.pooling == "last":
            directions = 2 if self.lstm.bidirectional else 1
            return self.linear(torch.cat(list(hidden[-directions:]), dim=1))
        if self.pooling == "mean":
            outputs, _ = pad_packed_sequence(outputs, batch_first=True)
            return self.linear(outputs.sum(dim=1) / lengths[:, None])
        if self.pooling == "max":
            outputs, _ = pad_packed_sequence(outputs, batch_first=True, padding_value=float("-inf"))
            return self.linear(outputs.max(dim=1).values)
        raise ValueError(self.pooling)

    def unknown_word(self, name):
        """The vector of a word that is not in the vocabulary: that of all of them plus the mean of its letters'."""
        keys = letter_keys(units_of(name), 3)[: MOST_ROWS_OF_VECTOR - 1]
        rows = torch.tensor([key % self.letters.num_embeddings for key in keys], dtype=torch.long)
        own = self.embedding.weight[UNKNOWN]
        return own + self.letters.weight[rows].mean(dim=0) if keys else own


SPACE, WORD, MARK, JOINER, SINGLE, OTHER = range(6)
KINDS = {"space": SPACE, "word": WORD, "mark": MARK, "joiner": JOINER, "single": SINGLE}
SPACES = re.compile("[\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+")


MOST_MARKS = 64


def composed(text):
    """Returns the NFC. Drops accents beyond the most that any writing puts on a letter: sorting n of them takes n² steps."""
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


class Encoder:
    """Turns a text into token ids as training did, by preprocessing.json and the kinds of characters in characters.json."""

    def __init__(self, preprocessing, characters):
        self.options = preprocessing["tokenizer"]
        self.max_length = preprocessing["maxLength"]
        self.truncate = one_of("truncate", preprocessing["truncate"], ("end", "start"))
        self.punctuation = one_of("punctuation", self.options.get("punctuation", "keep"), ("keep", "drop"))
        one_of("tokenizer", self.options["kind"], ("words", "chars", "codes"))
        self.ids = {token: index + FIRST_KNOWN for index, token in enumerate(preprocessing["vocabulary"])}
        self.rules = one_of("rules", preprocessing.get("rules", 1), (1, 2))
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

    def __call__(self, text):
        """Returns at least one id, and at most as many as the model reads."""
        text = self.spelled(text)
        if self.options.get("lowercase"):
            # Python's rules come first, as some depend on the neighbours; then the letters that Python does not know.
            text = text.lower().translate(self.lower)
        tokens = {"words": self.words, "chars": self.chars, "codes": self.codes}[self.options["kind"]](text)
        kept = tokens[: self.max_length] if self.truncate == "end" else tokens[-self.max_length :]
        return Sequence.of(kept, self.ids)

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


def units_of(text):
    """The UTF-16 units of a text."""
    return [unit for unit, in UINT16.iter_unpack(text.encode("utf-16-le", "surrogatepass"))]


def hashed(start, words):
    state = start
    for word in words:
        state = mix(state, word)
    return finish(state)


def letter_keys(units, shortest=2):
    """The keys of all runs of at least `shortest` letters of a word, with its edges."""
    marked = [EDGE, *units, EDGE]
    most = [min(MOST_LETTERS, len(marked) - begin) for begin in range(len(marked))]
    runs = ((begin, n) for begin, longest in enumerate(most) for n in range(shortest, longest + 1))
    return [hashed(2, marked[begin : begin + n]) for begin, n in runs]


class Ngrams:
    """A linear classifier of the n-grams of a sequence: see lib/ngrams of Lockstep. `names` are the known tokens."""

    def __init__(self, about, tensors, kind, names):
        self.exponent, self.order, self.has_ends = about["exponent"], about["order"], about["hasEnds"]
        self.token_columns = about["tokenColumns"]
        self.has_letters = kind in ("words", "huggingface")
        self.names = names
        self.columns = {int(high) << 16 | int(low): column for column, (high, low) in enumerate(tensors["keys"].tolist())}
        self.importance = tensors["importance"].double()
        self.weights = tensors["weights"].double()
        self.bias = tensors["bias"].double()

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
            units = units_of(name)
            own.append(hashed(1, units))
            keys.append(own[-1])
            if self.has_letters:
                keys.extend(letter_keys(units))
        marked = [0x5EED0001, *own, 0x5EED0002] if self.has_ends else own
        for begin in range(len(marked)):
            for n in range(2, min(self.order, len(marked) - begin) + 1):
                gram = marked[begin : begin + n]
                if None not in gram:
                    keys.append(hashed(3, gram))
        return keys

    def combined(self, lstm, sequence):
        """The probabilities of both, by those of the LSTM."""
        return torch.softmax(self.exponent * lstm.clamp(min=2.0**-149).log() + self.scores(sequence), dim=0)

    def scores(self, sequence):
        counts = Counter(self.columns[key] for key in self.keys(sequence) if key in self.columns)
        columns = sorted(counts)
        values = self.importance[columns] * torch.tensor([1 + math.log(counts[column]) for column in columns]).double()
        is_token = torch.tensor([column < self.token_columns for column in columns])
        for part in (is_token, ~is_token) if columns else ():
            values[part] /= float(values[part].norm()) or 1.0
        scores = self.bias + values @ self.weights[columns]
        return torch.cat([torch.zeros(1).double(), scores]) if len(scores) == 1 else scores


class HashedNgrams:
    """The n-grams of earlier versions of Lockstep, whose features are hashed."""

    def __init__(self, about, tensors):
        self.share, self.order, self.tokens = about["share"], about["order"], about["tokens"]
        self.hashed = about["features"] - self.tokens
        self.rows = {int(feature): row for row, feature in enumerate(tensors["features"].tolist())}
        self.importance = tensors["importance"].double()
        self.weights = tensors["weights"].double()
        self.bias = tensors["bias"].double()

    def features(self, tokens):
        found = {token if token < self.tokens else self.tokens + hashed(0, [token]) % self.hashed for token in tokens}
        marked = [-1, *tokens, -2] if self.order > 2 else tokens
        for begin in range(len(marked)):
            for n in range(2, min(self.order, len(marked) - begin) + 1):
                found.add(self.tokens + hashed(0, marked[begin : begin + n]) % self.hashed)
        return found

    def probabilities(self, tokens):
        rows = [self.rows[feature] for feature in sorted(self.features(tokens)) if feature in self.rows]
        values = self.importance[rows]
        norm = float(values.norm()) or 1.0
        return torch.softmax(self.bias + values / norm @ self.weights[rows], dim=0)

    def combined(self, lstm, tokens):
        """The weighted mean of the LSTM's probabilities and its own."""
        return self.share * lstm + (1 - self.share) * self.probabilities(tokens)


def is_id(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def shown(value):
    text = str(value) if isinstance(value, Digits) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class Model:
    def __init__(self, about, lstm, encode=None, ngrams=None, preprocessing=None):
        self.about, self.lstm, self.encode, self.ngrams = about, lstm, encode, ngrams
        self.preprocessing = preprocessing
        vocabulary = preprocessing["vocabulary"] if preprocessing else []
        self.names = {token: index + FIRST_KNOWN for index, token in enumerate(vocabulary)}

    def predict(self, inputs, reject=None):
        """
        Returns class, label and probabilities of a text, of a list of token ids, or of an object with "text" or "tokens".
        Any other list has an answer for each item: a text, token ids, tokens by name, or such an object. Raises TypeError or
        ValueError for other inputs, and ValueError if the model does not reach the precision `reject`.
        """
        threshold = self.threshold(reject)
        inputs = inputs.tolist() if hasattr(inputs, "tolist") else inputs
        is_list = isinstance(inputs, (list, tuple))
        if not is_list or (len(inputs) > 0 and all(is_id(one) for one in inputs)):
            return self.answers([self.sequence(inputs, "the input")], threshold)[0]
        return self.answers([self.sequence(one, f"inputs[{index}]") for index, one in enumerate(inputs)], threshold)

    def threshold(self, reject=None):
        """Returns the least probability of an answer for the precision `reject`, or the model's own."""
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
        if isinstance(value, dict) and len(value) == 1 and ("text" in value or "tokens" in value):
            key, = value
            if isinstance(value[key], str) == (key == "text"):
                return self.sequence(value[key], f'{name}["{key}"]')
        value = value.tolist() if hasattr(value, "tolist") else value
        if isinstance(value, str) and not isinstance(value, Digits):
            if self.encode:
                return self.encode(value)
            slow = ", as its tokenizer is one of Hugging Face" if self.names else ""
            raise TypeError(f"{name} is a text: this model takes {'tokens by name or ' if self.names else ''}token ids{slow}")
        if not isinstance(value, (list, tuple)) or len(value) == 0:
            raise TypeError(f"{name} is {shown(value)}: expected a text, or a list of at least one token")
        if self.names and all(isinstance(token, str) for token in value):
            most = self.preprocessing["maxLength"]
            kept = value[:most] if self.preprocessing["truncate"] == "end" else value[-most:]
            spelled = self.encode.spelled if self.encode else str
            return Sequence.of([spelled(token) for token in kept], self.names)
        size = self.about["model"]["vocabulary"]
        for index, token in enumerate(value):
            if not is_id(token) or not 0 <= token < size:
                wanted = f"a token id, a whole number from 0 to {size - 1}"
                raise ValueError(f"{name}[{index}] is {shown(token)}: expected {wanted}")
        return [int(token) for token in value]

    def numbered(self, sequence, vectors):
        """Returns the ids of a sequence. Unknown words with letters have ids past the vocabulary: adds their `vectors`."""
        if self.lstm.letters is None or not isinstance(sequence, Sequence):
            return sequence
        ids, names = [], iter(sequence.unknown)
        for token in sequence:
            name = next(names) if token == UNKNOWN else None
            if name is not None:
                token = self.lstm.embedding.num_embeddings + len(vectors)
                vectors.append(self.lstm.unknown_word(name))
            ids.append(token)
        return ids

    def answers(self, sequences, threshold):
        if not sequences:
            return []
        lengths = torch.tensor([len(sequence) for sequence in sequences])
        tokens = torch.zeros(len(sequences), int(lengths.max()), dtype=torch.long)
        with torch.no_grad():
            vectors = []
            for row, sequence in enumerate(sequences):
                tokens[row, : len(sequence)] = torch.tensor(self.numbered(sequence, vectors))
            probabilities = torch.softmax(self.lstm(tokens, lengths, vectors), dim=1)
        if self.ngrams:
            pairs = zip(probabilities.double(), sequences)
            probabilities = torch.stack([self.ngrams.combined(lstm, sequence) for lstm, sequence in pairs])
        return [{**self.answer(row, threshold), "probabilities": row.tolist()} for row in probabilities]

    def answer(self, row, threshold):
        best = int(row.argmax())
        label, probability = self.about["labels"][best], float(row[best])
        if probability >= threshold:
            return {"class": best, "label": label}
        rejected = {"class": best, "label": label, "probability": probability, "threshold": threshold}
        return {"class": None, "label": None, "rejected": rejected}


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
        count = (end - begin) // 4
        tensors[name] = torch.frombuffer(data, dtype=torch.float32, count=count, offset=begin).reshape(entry["shape"])
    return tensors


def load(folder):
    """Loads the model of a folder, ready to predict."""

    def read_json(name):
        with open(os.path.join(folder, name), encoding="utf8") as file:
            return json.load(file)

    about = read_json("lockstep.json")
    names = ("vocabulary", "embedding", "hidden", "classes", "layers", "bidirectional", "pooling", "letterRows")
    lstm = Lstm(**{name: about["model"][name] for name in names if name in about["model"]})
    lstm.load_state_dict(read_safetensors(os.path.join(folder, "model.safetensors")))
    encode, ngrams, preprocessing = None, None, None
    if "preprocessingDigest" in about:
        preprocessing = read_json("preprocessing.json")
        if preprocessing["tokenizer"]["kind"] != "huggingface":
            encode = Encoder(preprocessing, read_json("characters.json"))
    if "ngrams" in about:
        tensors = read_safetensors(os.path.join(folder, "ngrams.safetensors"))
        if "features" in about["ngrams"]:
            ngrams = HashedNgrams(about["ngrams"], tensors)
        else:
            ngrams = Ngrams(about["ngrams"], tensors, preprocessing["tokenizer"]["kind"], preprocessing["vocabulary"])
    return Model(about, lstm.eval(), encode, ngrams, preprocessing)


LONGEST = 10_000_000


class Digits(str):
    """A number in JSON, with its digits unchanged."""


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
    """Parses a JSON object with a text or tokens, a text, or token ids: `21 6 37`, `[21, 6, 37]`."""
    column = model.about["config"].get("textColumn", "text")
    # In rows of text a number is a token with the digits of the file; by older rules, with those of its value.
    digits = {"parse_int": Digits, "parse_float": Digits} if model.names and model.preprocessing.get("rules") == 2 else {}
    try:
        value = json.loads(line, **digits) if line.lstrip().startswith("{") else None
    except ValueError:
        value = None
    for key in (column, "text", "tokens"):
        if isinstance(value, dict) and key in value:
            content = value[key]
            if not model.names or not isinstance(content, list):
                return {"text": content} if type(content) is str else content
            return {"tokens": [str(token) if is_id(token) else token for token in content]}
    if model.encode:
        return line
    if model.names and not re.fullmatch(r"[\s,0-9\[\]]*", line):
        return line  # The model refuses it, and says what to do.
    words = line.strip().removeprefix("[").removesuffix("]").replace(",", " ").split()
    return {"tokens": [int(word) if re.fullmatch(r"[+-]?[0-9]+", word) else word for word in words]}


def main(arguments):
    model = load(os.path.dirname(os.path.abspath(__file__)))
    if arguments:
        text = " ".join(arguments)
        print(json.dumps(model.predict(text if model.encode else question(model, text))))
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
