#!/usr/bin/env python3
"""Test accuracy of fastText models of given sizes on a text,label CSV pair: trained, then quantized and retrained.

    apt-get install -y fasttext
    python3 fasttext_size.py TRAIN.csv TEST.csv 1000000 300000

For each setting the greatest cut-off whose file fits is found, and the model is retrained with it. Prints the best setting on the test rows, a line of JSON for
each size: {"size", "bytes", "setting", "accuracy"}; a size that no setting reaches has no line. One thread: reproducible.
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

# Epochs, learning rate, longest n-gram of words, and letters (0: none).
SETTINGS = [(25, 0.5, 2, 0), (50, 1.0, 2, 0), (25, 0.5, 1, 4)]
DIMENSIONS = [10, 25]
MOST_FEATURES = 2**18


def write_rows(table, target):
    with open(table, encoding="utf8", newline="") as rows, open(target, "w", encoding="utf8") as lines:
        for row in csv.DictReader(rows):
            text = re.sub(r"([.!?,'/()\":;-])", r" \1 ", " ".join(row["text"].lower().split()))
            lines.write(f"__label__{row['label'].replace(' ', '_')} {text}\n")


def fasttext(*args):
    return subprocess.run(["fasttext", *map(str, args)], check=True, capture_output=True, text=True).stdout


def quantized(model, options, cutoff):
    fasttext("quantize", *options, "-cutoff", cutoff)
    return os.path.getsize(f"{model}.ftz")


def greatest(fits):
    """The greatest cut-off that fits, to a few per cent; 0 keeps everything."""
    if fits(0):
        return 0
    low, high = 256, MOST_FEATURES
    while high > 1.03 * low:
        middle = int((low * high) ** 0.5)
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def main():
    train, test, *sizes = sys.argv[1:]
    sizes = sorted(map(int, sizes))
    best = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, path in (("train", train), ("test", test)):
            write_rows(path, f"{folder}/{name}.txt")
        model = f"{folder}/model"
        for (epochs, rate, words, letters), dimension in itertools.product(SETTINGS, DIMENSIONS):
            options = ["-epoch", epochs, "-lr", rate, "-thread", 1]
            grams = ["-wordNgrams", words, "-bucket", 200000, "-minCount", 1]
            grams += ["-minn", 2 if letters else 0, "-maxn", letters]
            common = ["-input", f"{folder}/train.txt", "-output", model]
            fasttext("supervised", *common, *options, *grams, "-dim", dimension)
            for limit in sizes:
                cutoff = greatest(lambda cutoff: quantized(model, [*common, "-qnorm"], cutoff) <= limit)
                size = quantized(model, [*common, *options, "-qnorm", "-retrain"], cutoff)
                if size > limit:
                    continue
                found = fasttext("test", f"{model}.ftz", f"{folder}/test.txt")
                accuracy = float(found.split("P@1")[1].split()[0])
                if accuracy > best.get(limit, {"accuracy": -1})["accuracy"]:
                    setting = f"{epochs} epochs, rate {rate}, {words}-grams, letters {letters}, dimension {dimension}"
                    best[limit] = {"size": limit, "bytes": size, "setting": setting, "accuracy": accuracy}
    for limit in sizes:
        if limit in best:
            print(json.dumps(best[limit]))


main()
