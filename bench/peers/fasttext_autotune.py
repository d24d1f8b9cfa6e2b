#!/usr/bin/env python3
"""Test accuracy of fastText after its own search for hyperparameters, on a text,label CSV pair.

    apt-get install -y fasttext
    python3 fasttext_autotune.py TRAIN.csv TEST.csv SECONDS

Every tenth row of each label is the validation file of the search. Prints a line of JSON: {"accuracy", "seconds"}.
"""
import collections
import csv
import json
import re
import subprocess
import sys
import tempfile
import time

csv.field_size_limit(10**9)


def line(text, label):
    cut = re.sub(r"([.!?,'/()\":;-])", r" \1 ", " ".join(text.lower().split()))
    return f"__label__{label.replace(' ', '_')} {cut}\n"


train, test, seconds = sys.argv[1:4]
with tempfile.TemporaryDirectory() as folder:
    seen = collections.Counter()
    with open(f"{folder}/train.txt", "w", encoding="utf8") as rows, open(f"{folder}/valid.txt", "w", encoding="utf8") as held:
        with open(train, encoding="utf8", newline="") as source:
            for row in csv.DictReader(source):
                seen[row["label"]] += 1
                (held if seen[row["label"]] % 10 == 0 else rows).write(line(row["text"], row["label"]))
    with open(test, encoding="utf8", newline="") as source, open(f"{folder}/test.txt", "w", encoding="utf8") as rows:
        rows.writelines(line(row["text"], row["label"]) for row in csv.DictReader(source))
    started = time.time()
    subprocess.run(
        ["fasttext", "supervised", "-input", f"{folder}/train.txt", "-output", f"{folder}/model", "-thread", "2",
         "-autotune-validation", f"{folder}/valid.txt", "-autotune-duration", seconds],
        check=True, capture_output=True)
    spent = time.time() - started
    found = subprocess.run(["fasttext", "test", f"{folder}/model.bin", f"{folder}/test.txt"],
                           check=True, capture_output=True, text=True).stdout
    print(json.dumps({"accuracy": float(found.split("P@1")[1].split()[0]), "seconds": spent}))
