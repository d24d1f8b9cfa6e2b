#!/usr/bin/env python3
"""Measures how long PyTorch takes to learn Lockstep's default recipe, with the defaults of lib/config/schema.ts.

    python3 pytorch_parity.py --seeds 1 2 3 [--threads 2]

The parity task; PyTorch's initial weights, the two LSTM biases merged into one as in Keras, 1 added to that of the
forget gate; Adam 0.01, gradients clipped to norm 1; fresh batches of 512; the validation set evaluated every 20
steps, until 99.5 % are right. Prints one JSON line per seed.
"""
import argparse
import json
import os
import time

parser = argparse.ArgumentParser()
parser.add_argument("--seeds", type=int, nargs="+", default=[1])
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--blas-threads", type=int, default=0, help="0: as many as --threads")
options = parser.parse_args()
os.environ["OPENBLAS_NUM_THREADS"] = str(options.blas_threads or options.threads)

import openblas  # noqa: E402, F401: before PyTorch
import torch  # noqa: E402
from torch import nn  # noqa: E402
from classifier import Classifier, draw  # noqa: E402

VOCABULARY, LENGTH, EMBEDDING, HIDDEN = 50, 8, 32, 64
BATCH, HELD_OUT = 512, 2048
STEPS_PER_EPOCH, EPOCHS, TARGET = 20, 50, 0.995


def create_model():
    model = Classifier(VOCABULARY, EMBEDDING, HIDDEN)
    lstm = model.lstm
    with torch.no_grad():
        lstm.bias_ih_l0 += lstm.bias_hh_l0
        lstm.bias_hh_l0.zero_()
        lstm.bias_ih_l0[HIDDEN:2 * HIDDEN] += 1  # The gates are in the order input, forget, cell, output.
    lstm.bias_hh_l0.requires_grad_(False)
    return model


def train(seed):
    """Returns steps, seconds and validation accuracy at the end."""
    torch.manual_seed(seed)
    model = create_model()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=0.01, eps=1e-8)
    criterion = nn.CrossEntropyLoss()
    held_out, expected = draw(HELD_OUT, LENGTH, VOCABULARY, torch.Generator().manual_seed(seed + 2**32))
    started = time.perf_counter()
    for step in range(1, EPOCHS * STEPS_PER_EPOCH + 1):
        tokens, labels = draw(BATCH, LENGTH, VOCABULARY)
        loss = criterion(model(tokens), labels)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        if step % STEPS_PER_EPOCH == 0:
            with torch.no_grad():
                accuracy = (model(held_out).argmax(1) == expected).float().mean().item()
            if accuracy >= TARGET:
                break
    return step, time.perf_counter() - started, accuracy


torch.set_num_threads(options.threads)
for seed in options.seeds:
    steps, seconds, accuracy = train(seed)
    print(json.dumps({
        "seed": seed, "threads": options.threads, "torch": torch.__version__, "steps": steps, "seconds": seconds,
        "accuracy": accuracy, "reached": accuracy >= TARGET,
    }), flush=True)
