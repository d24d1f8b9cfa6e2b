#!/usr/bin/env python3
"""A classifier trained by Lockstep, in PyTorch: Embedding -> LSTM -> Linear, combined with n-grams if it has some.

    python3 model.py where is my parcel            # a model of text: class and probabilities of one text
    python3 model.py < texts.txt                   # one text a line, one JSON answer a line, also for blank lines
    python3 model.py 21 6 37 33 18 48 1 25         # other models: one sequence of token ids
    python3 model.py < sequences.jsonl             # one list of token ids a line

    import model
    classifier = model.load("this/folder")
    classifier.predict("where is my parcel")       # README.md lists all inputs
    classifier.lstm(tokens, lengths)               # only the logits of the nn.Module

A line that is a JSON object with "text" or "tokens" is read as such, and a model of several columns takes objects with a
value for each. The answer to an invalid line has its number and an "error", and the exit code is then 2. requirements.txt
has the packages.
"""
import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Lstm(nn.Module):
    """
    Rows are right-padded; tokens past a row's length are not read. The vectors of known words are in `embedding`. Those of
    others are made of `letters`, where words have some: the vector of all of them plus the mean of its letters'.
    """

    def __init__(
        self, vocabulary, embedding, hidden, classes, layers=1, bidirectional=False, pooling="last", letterRows=0, labels="one"
    ):
        super().__init__()
        self.pooling = one_of("pooling", pooling, ("last", "mean", "max"))
        self.several = one_of("labels", labels, ("one", "many")) == "many"
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

    def probabilities(self, sequences):
        """Returns the probabilities [rows, classes]."""
        letters = 0 if self.letters is None else self.letters.num_embeddings
        tokens, lengths, words = padded(sequences, self.embedding.num_embeddings, letters)
        with torch.no_grad():
            own = self.embedding.weight[UNKNOWN]
            unknown = [own + self.letters.weight[torch.tensor(rows)].mean(dim=0) for rows in words]
            logits = self(torch.from_numpy(tokens).long(), torch.from_numpy(lengths).long(), unknown)
            return (torch.sigmoid(logits) if self.several else torch.softmax(logits, dim=1)).numpy()


def load(folder):
    """Loads the model of a folder, ready to predict."""
    about = read_json(folder, "lockstep.json")
    names = ("vocabulary", "embedding", "hidden", "classes", "layers", "bidirectional", "pooling", "letterRows", "labels")
    lstm = Lstm(**{name: about["model"][name] for name in names if name in about["model"]})
    tensors = read_safetensors(os.path.join(folder, "model.safetensors"))
    lstm.load_state_dict({name: torch.from_numpy(values) for name, values in tensors.items()})
    return Classifier(folder, about, lstm.eval())
