"""Defines PyTorch's model and its data: label 1 if the first plus the last token is even."""
import torch
from torch import nn


class Classifier(nn.Module):
    """Embedding -> LSTM -> Linear on the last hidden state."""

    def __init__(self, vocabulary, embedding, hidden, classes=2):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, hidden, batch_first=True)
        self.dense = nn.Linear(hidden, classes)

    def forward(self, tokens):
        _, (hidden, _) = self.lstm(self.embedding(tokens))
        return self.dense(hidden[0])


def draw(batch, length, vocabulary, generator=None):
    """Uniform random tokens [batch, length] and their labels [batch]."""
    tokens = torch.randint(vocabulary, (batch, length), generator=generator)
    return tokens, ((tokens[:, 0] + tokens[:, -1]) % 2 == 0).long()
