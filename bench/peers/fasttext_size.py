#!/usr/bin/env python3
"""Test accuracy of fastText models of given sizes on a text,label CSV pair: trained, then quantized and retrained.

    apt-get install -y fasttext
    python3 fasttext_size.py TRAIN.csv TEST.csv 1000000 300000 100000

The dimensions are small, as the tables of the quantizer grow with them. Prints, as JSON, the best model on the test rows among
those that fit into each size: {"size", "bytes", "setting", "accuracy"}. One thread: reproducible.
"""
import csv
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile

csv.field_size_limit(10**9)

# Epochs and learning rate.
SETTINGS = [(25, 0.5), (50, 1.0)]
# Cut-offs by dimension.
CUTOFFS = {10: [4000, 14000, 48000], 32: [1900, 8000, 30000]}


def write_rows(table, target):
    with open(table, encoding="utf8", newline="") as rows, open(target, "w", encoding="utf8") as lines:
        for row in csv.DictReader(rows):
            text = re.sub(r"([.!?,'/()\":;-])", r" \1 ", " ".join(row["text"].lower().split()))
            lines.write(f"__label__{row['label'].replace(' ', '_')} {text}\n")


def fasttext(*args):
    return subprocess.run(["fasttext", *map(str, args)], check=True, capture_output=True, text=True).stdout


def main():
    train, test, *sizes = sys.argv[1:]
    sizes = sorted(map(int, sizes))
    best = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, path in (("train", train), ("test", test)):
            write_rows(path, f"{folder}/{name}.txt")
        model = f"{folder}/model"
        for (epochs, rate), (dimension, cutoffs) in itertools.product(SETTINGS, CUTOFFS.items()):
            options = ["-epoch", epochs, "-lr", rate, "-thread", 1]
            files = ["-input", f"{folder}/train.txt", "-output", model]
            grams = ["-wordNgrams", 2, "-bucket", 100000, "-minCount", 1, "-dim", dimension]
            fasttext("supervised", *files, *options, *grams)
            for cutoff in cutoffs:
                fasttext("quantize", *files, *options, "-qnorm", "-retrain", "-cutoff", cutoff)
                size = os.path.getsize(f"{model}.ftz")
                accuracy = float(fasttext("test", f"{model}.ftz", f"{folder}/test.txt").split("P@1")[1].split()[0])
                for limit in sizes:
                    if size <= limit and accuracy > best.get(limit, {"accuracy": -1})["accuracy"]:
                        setting = f"{epochs} epochs, rate {rate}, dimension {dimension}, cut-off {cutoff}"
                        best[limit] = {"size": limit, "bytes": size, "setting": setting, "accuracy": accuracy}
    for limit in sizes:
        if limit in best:
            print(json.dumps(best[limit]))


main()
