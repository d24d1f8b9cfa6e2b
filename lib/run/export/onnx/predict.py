#!/usr/bin/env python3
"""A classifier trained by Lockstep, in ONNX Runtime: Embedding -> LSTM -> Linear, combined with n-grams if it has some.

    python3 predict.py where is my parcel          # a model of text: class and probabilities of one text
    python3 predict.py < texts.txt                 # one text a line, one JSON answer a line, also for blank lines
    python3 predict.py 21 6 37 33 18 48 1 25       # other models: one sequence of token ids
    python3 predict.py < sequences.jsonl           # one list of token ids a line

    import predict
    classifier = predict.load("this/folder")
    classifier.predict("where is my parcel")       # README.md lists all inputs

A line that is a JSON object with "text" or "tokens" is read as such, and a model of several columns takes objects with a
value for each. The answer to an invalid line has its number and an "error", and the exit code is then 2. requirements.txt
has the packages.
"""
import numpy as np
import onnxruntime


class Lstm:
    """The graph of model.onnx."""

    def __init__(self, path, vocabulary, letterRows=0):
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.vocabulary, self.letters = vocabulary, letterRows

    def probabilities(self, sequences):
        """Returns the probabilities [rows, classes]."""
        tokens, lengths, words = padded(sequences, self.vocabulary, self.letters)
        inputs = {"tokens": tokens, "lengths": lengths}
        if self.letters:
            runs = max((len(rows) for rows in words), default=1)
            inputs["letters"] = np.full((max(1, len(words)), runs), self.letters, dtype=np.int32)
            for word, rows in enumerate(words):
                inputs["letters"][word, : len(rows)] = rows
        return self.session.run(["probabilities"], inputs)[0]


def load(folder):
    """Loads the model of a folder, ready to predict."""
    about = read_json(folder, "lockstep.json")
    sizes = {name: about["model"][name] for name in ("vocabulary", "letterRows") if name in about["model"]}
    return Classifier(folder, about, Lstm(os.path.join(folder, "model.onnx"), **sizes))
