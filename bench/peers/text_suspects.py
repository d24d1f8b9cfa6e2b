#!/usr/bin/env python3
"""How many flipped labels scikit-learn's LinearSVC finds out of fold, on a CSV with the columns text, label and flipped.

    apt-get install -y python3-sklearn
    python3 text_suspects.py FLIPPED.csv

TF-IDF of words and pairs, of letters (2 to 5 inside words), and of both. As many rows as are flipped are suspected: those with the
lowest softmax of the decision function at their label, or the lowest margin to the best other class. Prints a line of JSON for each:
{"peer", "setting", "found", "accuracy", "seconds"}.
"""
import csv
import json
import sys
import time

import openblas  # noqa: F401: before scikit-learn
import numpy as np
from scipy.special import softmax
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

csv.field_size_limit(10**9)


def words():
    return TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))


def letters():
    return TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=(2, 5), min_df=2)


with open(sys.argv[1], encoding="utf8", newline="") as file:
    rows = list(csv.DictReader(file))
texts = [row["text"] for row in rows]
names, labels = np.unique([row["label"] for row in rows], return_inverse=True)
flipped = np.array([row["flipped"] == "1" for row in rows])
every = np.arange(len(rows))
folds = StratifiedKFold(5, shuffle=True, random_state=1)
settings = {"words": words, "letters": letters, "words and letters": lambda: make_union(words(), letters())}
for setting, features in settings.items():
    started = time.time()
    model = make_pipeline(features(), LinearSVC())
    scores = cross_val_predict(model, texts, labels, cv=folds, method="decision_function")
    seconds = time.time() - started
    if scores.ndim == 1:
        scores = np.stack([-scores, scores], axis=1)
    others = scores.copy()
    others[every, labels] = -np.inf
    rules = {
        "self-confidence": softmax(scores, axis=1)[every, labels],
        "margin": scores[every, labels] - others.max(axis=1),
    }
    accuracy = float((scores.argmax(axis=1) == labels).mean())
    for rule, confidence in rules.items():
        suspected = np.argsort(confidence, kind="stable")[:flipped.sum()]
        print(json.dumps({
            "peer": "scikit-learn",
            "setting": f"{setting}, {rule}",
            "found": float(flipped[suspected].mean()),
            "accuracy": accuracy,
            "seconds": seconds,
        }), flush=True)
