#!/usr/bin/env python3
"""Test accuracy and training time of scikit-learn and fastText on a text,label CSV pair, as their users set them up.

    apt-get install -y python3-sklearn fasttext
    python3 text_accuracy.py TRAIN.csv TEST.csv

scikit-learn: TF-IDF of words and pairs, of letters (2 to 5 inside words), and of both, each into LinearSVC with its defaults.
fastText: four usual settings. Prints a line of JSON for each: {"peer", "setting", "accuracy", "seconds"}.
"""
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import openblas  # noqa: F401: before scikit-learn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

csv.field_size_limit(10**9)


def load(path):
    with open(path, encoding="utf8", newline="") as rows:
        table = list(csv.DictReader(rows))
    return [row["text"] for row in table], [row["label"] for row in table]


def report(peer, setting, accuracy, seconds):
    print(json.dumps({"peer": peer, "setting": setting, "accuracy": accuracy, "seconds": seconds}), flush=True)


def words():
    return TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))


def letters():
    return TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=(2, 5), min_df=2)


def scikit_learn(train, test):
    settings = {"words": words, "letters": letters, "words and letters": lambda: make_union(words(), letters())}
    for setting, features in settings.items():
        started = time.time()
        try:
            model = make_pipeline(features(), LinearSVC()).fit(*train)
        except ValueError:  # rows of single letters have no words
            continue
        seconds = time.time() - started
        report("scikit-learn", setting, model.score(*test), seconds)


def fasttext(train, test):
    with tempfile.TemporaryDirectory() as folder:
        for name, (texts, labels) in (("train", train), ("test", test)):
            with open(f"{folder}/{name}.txt", "w", encoding="utf8") as lines:
                for text, label in zip(texts, labels):
                    cut = re.sub(r"([.!?,'/()\":;-])", r" \1 ", " ".join(text.lower().split()))
                    lines.write(f"__label__{label.replace(' ', '_')} {cut}\n")
        for epochs, grams, rate in ((5, 2, 0.5), (25, 2, 0.5), (25, 1, 0.5), (25, 3, 1.0)):
            options = ("-epoch", epochs, "-wordNgrams", grams, "-lr", rate, "-dim", 32, "-bucket", 200000, "-thread", 2)
            files = ("-input", f"{folder}/train.txt", "-output", f"{folder}/model")
            started = time.time()
            subprocess.run(["fasttext", "supervised", *files, *map(str, options)], check=True, capture_output=True)
            seconds = time.time() - started
            found = subprocess.run(["fasttext", "test", f"{folder}/model.bin", f"{folder}/test.txt"],
                                   check=True, capture_output=True, text=True).stdout
            setting = f"{epochs} epochs, {grams}-grams, rate {rate}"
            report("fastText", setting, float(found.split("P@1")[1].split()[0]), seconds)


train, test = load(sys.argv[1]), load(sys.argv[2])
scikit_learn(train, test)
fasttext(train, test)
