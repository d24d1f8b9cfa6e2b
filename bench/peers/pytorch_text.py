#!/usr/bin/env python3
"""Measures sequences per second of PyTorch on rows of text: the default model of `train --data`, on the same encoded rows.

    python3 pytorch_text.py FOLDER --vocabulary 9000 --classes 2 [--threads 2] [--sparse] [--processes 2]

FOLDER holds tokens.bin, offsets.bin and labels.bin (int32). Embedding -> LSTM in two directions -> maximum over time ->
Linear, dropout, Adam with gradients clipped to norm 1. Rows are sorted by length in windows of some batches, so that
padding is short; it is computed rather than packed, which is faster here. With --sparse only the token vectors that
occur are updated (SparseAdam), as Lockstep does. Prints one JSON line.
"""
import argparse
import json
import os
import socket
import time

parser = argparse.ArgumentParser()
parser.add_argument("folder")
for name, default in dict(vocabulary=0, classes=2, embedding=64, hidden=64, batch=32, threads=1, processes=1).items():
    parser.add_argument(f"--{name}", type=int, default=default)
parser.add_argument("--blas-threads", type=int, default=0, help="0: as many as --threads")
parser.add_argument("--dropout", type=float, default=0.4)
parser.add_argument("--seconds", type=float, default=3.0)
parser.add_argument("--sparse", action="store_true")
options = parser.parse_args()
os.environ["OPENBLAS_NUM_THREADS"] = str(options.blas_threads or options.threads)

import openblas  # noqa: E402, F401: before PyTorch
import torch  # noqa: E402
from torch import distributed, nn  # noqa: E402

WINDOW = 8


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(options.vocabulary, options.embedding, sparse=options.sparse)
        self.lstm = nn.LSTM(options.embedding, options.hidden, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(2 * options.hidden, options.classes)
        self.dropout = nn.Dropout(options.dropout)

    def forward(self, tokens):
        outputs, _ = self.lstm(self.dropout(self.embedding(tokens)))
        return self.linear(self.dropout(outputs.max(dim=1).values))


def read(name):
    with open(os.path.join(options.folder, name), "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.int32).long()


def batches(tokens, offsets, labels, size):
    """Yields padded batches without end, rows of similar length together."""
    lengths = offsets[1:] - offsets[:-1]
    while True:
        order = torch.randperm(len(labels))
        ready = []
        for first in range(0, len(order), WINDOW * size):
            window = order[first : first + WINDOW * size]
            window = window[torch.argsort(lengths[window], descending=True)]
            ready += [window[at : at + size] for at in range(0, len(window), size)]
        for at in torch.randperm(len(ready)).tolist():
            rows = [tokens[offsets[row] : offsets[row + 1]] for row in ready[at].tolist()]
            yield nn.utils.rnn.pad_sequence(rows, batch_first=True), labels[ready[at]]


def work(rank, port):
    torch.set_num_threads(options.threads)
    torch.manual_seed(rank)
    if options.processes > 1:
        address = f"tcp://127.0.0.1:{port}"
        distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=options.processes)
    model = Classifier()
    trained = nn.parallel.DistributedDataParallel(model) if options.processes > 1 else model
    embedding = list(model.embedding.parameters())
    others = [parameter for name, parameter in model.named_parameters() if not name.startswith("embedding")]
    if options.sparse:
        optimizers = [torch.optim.SparseAdam(embedding, lr=0.006), torch.optim.Adam(others, lr=0.006)]
    else:
        optimizers = [torch.optim.Adam(embedding + others, lr=0.006)]
    criterion = nn.CrossEntropyLoss()
    source = batches(read("tokens.bin"), read("offsets.bin"), read("labels.bin"), options.batch // options.processes)

    def step():
        tokens, labels = next(source)
        loss = criterion(trained(tokens), labels)
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(others if options.sparse else embedding + others, 1.0)
        for optimizer in optimizers:
            optimizer.step()
        return len(labels)

    # Every process takes the same number of steps: whole hundreds, until the seconds of the first are over.
    for _ in range(20):
        step()
    steps, rows, started = 0, 0, time.perf_counter()
    while True:
        for _ in range(50):
            rows += step()
        steps += 50
        over = torch.tensor([time.perf_counter() - started >= options.seconds], dtype=torch.int32)
        if options.processes > 1:
            distributed.broadcast(over, 0)
        if over.item():
            break
    seconds = time.perf_counter() - started
    if rank == 0:
        print(json.dumps({"sequencesPerSecond": rows * options.processes / seconds, "steps": steps}))


if __name__ == "__main__":
    if options.processes == 1:
        work(0, 0)
    else:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = probe.getsockname()[1]
        torch.multiprocessing.spawn(work, args=(free,), nprocs=options.processes)
