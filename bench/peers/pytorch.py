#!/usr/bin/env python3
"""Measures a training step of Embedding -> LSTM -> Linear in PyTorch: Adam 0.01, a fresh random batch every step.

    python3 pytorch.py --batch 50 --length 8 --embedding 32 --hidden 64 [--threads 2] [--seconds 3]
    python3 pytorch.py --processes 2 ...        # DistributedDataParallel over gloo, the batch is per process

Prints one JSON line: milliseconds per step, and sequences per second of all processes together.
"""
import argparse
import json
import os
import socket
import time


def parse_options():
    parser = argparse.ArgumentParser()
    for name, default in dict(batch=50, length=8, embedding=32, hidden=64, vocabulary=50, processes=1).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch, in each process")
    parser.add_argument("--blas-threads", type=int, default=0, help="of its matrix library; 0: as many as --threads")
    parser.add_argument("--warm-up", type=float, default=1.0, help="seconds before that stage, two steps at least")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of the measured stage, two steps at least")
    return parser.parse_args()


options = parse_options()
# torch.set_num_threads does not set this. The library reads it once, when it is loaded: before PyTorch.
os.environ["OPENBLAS_NUM_THREADS"] = str(options.blas_threads or options.threads)

import openblas  # noqa: E402, F401: before PyTorch
import torch  # noqa: E402
from torch import distributed, nn  # noqa: E402
from classifier import Classifier, draw  # noqa: E402


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def create_step(model):
    """Returns a function that trains `model` by one step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()

    def step():
        tokens, labels = draw(options.batch, options.length, options.vocabulary)
        loss = criterion(model(tokens), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def agreed(value):
    """Returns the first process's value in all of them: they must take the same number of steps."""
    if options.processes == 1:
        return value
    shared = torch.tensor([value], dtype=torch.float64)
    distributed.broadcast(shared, 0)
    return shared.item()


def take(steps, step):
    """Returns the seconds per step over `steps` steps."""
    started = time.perf_counter()
    for _ in range(steps):
        step()
    return agreed((time.perf_counter() - started) / steps)


def measure(rank, port):
    torch.set_num_threads(options.threads)
    torch.manual_seed(rank)
    model = Classifier(options.vocabulary, options.embedding, options.hidden)
    if options.processes > 1:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
        distributed.init_process_group("gloo", rank=rank, world_size=options.processes)
        model = nn.parallel.DistributedDataParallel(model)
    step = create_step(model)
    # Each stage takes as many steps as fit in by the pace of the stage before: a first look, warm-up, measurement.
    pace = take(3, step)
    for seconds in (options.warm_up, options.seconds):
        steps = max(2, round(seconds / pace))
        pace = take(steps, step)
    if rank == 0:
        print(json.dumps({
            **vars(options), "torch": torch.__version__, "steps": steps, "ms_per_step": pace * 1e3,
            "sequences_per_second": options.processes * options.batch / pace,
        }))


if __name__ == "__main__":
    if options.processes > 1:
        torch.multiprocessing.spawn(measure, args=(free_port(),), nprocs=options.processes)
    else:
        measure(0, None)
