#!/usr/bin/env python3
"""A classifier trained by Lockstep, in PyTorch: Embedding -> LSTM -> Linear.

    python3 model.py 21 6 37 33 18 48 1 25         # class and probabilities of one sequence of token ids
    python3 model.py < sequences.jsonl             # one list of token ids a line, one JSON answer a line

    import model
    classifier, about = model.load("this/folder")
    logits = classifier(tokens, lengths)           # [batch, length] and [batch]: the real tokens of each row

Needs PyTorch and nothing else. The weights are in model.safetensors, the model's sizes and labels in lockstep.json.
"""
import json
import os
import struct
import sys

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Classifier(nn.Module):
    """Rows are right-padded; what lies past a row's own length is not read."""

    def __init__(self, vocabulary, embedding, hidden, classes, layers=1, bidirectional=False, pooling="last"):
        super().__init__()
        self.pooling = pooling
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, hidden, layers, batch_first=True, bidirectional=bidirectional)
        self.linear = nn.Linear(hidden * (2 if bidirectional else 1), classes)

    def forward(self, tokens, lengths):
        """Logits [batch, classes]."""
        packed = pack_padded_sequence(self.embedding(tokens), lengths, batch_first=True, enforce_sorted=False)
        outputs, (hidden, _) = self.lstm(packed)
        if self.pooling == "last":
            directions = 2 if self.lstm.bidirectional else 1
            return self.linear(torch.cat(list(hidden[-directions:]), dim=1))
        if self.pooling == "mean":
            outputs, _ = pad_packed_sequence(outputs, batch_first=True)
            return self.linear(outputs.sum(dim=1) / lengths[:, None])
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, padding_value=float("-inf"))
        return self.linear(outputs.max(dim=1).values)


def read_safetensors(path):
    """The float32 tensors of a safetensors file, by name."""
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
    """The classifier, ready to predict, and what lockstep.json says of it."""
    with open(os.path.join(folder, "lockstep.json"), encoding="utf8") as file:
        about = json.load(file)
    names = ("vocabulary", "embedding", "hidden", "classes", "layers", "bidirectional", "pooling")
    classifier = Classifier(**{name: about["model"][name] for name in names})
    classifier.load_state_dict(read_safetensors(os.path.join(folder, "model.safetensors")))
    return classifier.eval(), about


def predict(classifier, about, sequences):
    """Class, label and probabilities of each list of token ids."""
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    tokens = torch.zeros(len(sequences), int(lengths.max()), dtype=torch.long)
    for row, sequence in enumerate(sequences):
        tokens[row, : len(sequence)] = torch.tensor(sequence)
    with torch.no_grad():
        probabilities = torch.softmax(classifier(tokens, lengths), dim=1)
    return [
        {"class": int(row.argmax()), "label": about["labels"][int(row.argmax())], "probabilities": row.tolist()}
        for row in probabilities
    ]


def main(arguments):
    classifier, about = load(os.path.dirname(os.path.abspath(__file__)))
    if arguments:
        lines = [[int(argument) for argument in arguments]]
    else:
        lines = (json.loads(line) for line in sys.stdin if line.strip())
    for sequence in lines:
        print(json.dumps(predict(classifier, about, [sequence])[0]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
