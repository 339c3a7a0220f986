#!/usr/bin/env python3
"""Trained models against LightGBM with default settings, over fixed splits of two data sets, as a Markdown report.

    model_quality.py STAUNCH [OUT.md]   STAUNCH is the binary; needs lightgbm, numpy, pandas and scikit-learn

Each split is a permutation drawn by its number as the seed: 75 % to train on, 25 % to measure on. Both sides get the same
rows and the same columns; LightGBM gets texts as pandas categories. Both are measured by the same two functions below.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lightgbm
import numpy
import pandas
import sklearn
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parents[2]
SPLITS = 20
SETS = [
    ("telco-churn", ROOT / "tests/data/telco-churn/Telco-Customer-Churn.csv", ",", "Churn", ["customerID"]),
    ("bank-marketing", ROOT / "tests/data/bank-marketing/bank-additional.csv", ";", "y", ["duration"]),
]
KINDS = ["trees", "logistic", "auto"]


def calibration_error(labels, scores):
    """Mean |mean prediction - share of positives| over ten bins of equal width, weighted by rows."""
    bins = numpy.minimum((scores * 10).astype(int), 9)
    return sum(abs(scores[bins == b].sum() - labels[bins == b].sum()) for b in range(10)) / len(scores)


def measured(labels, scores):
    return roc_auc_score(labels, scores), calibration_error(labels, scores)


def by_lightgbm(train, test, label):
    """Columns of texts as categories with the same codes on both sides."""
    inputs = [name for name in train.columns if name != label]
    whole = pandas.concat([train, test])[inputs]
    for name in inputs:
        if not pandas.api.types.is_numeric_dtype(whole[name]):
            whole[name] = whole[name].astype("category")
    first, last = whole.iloc[: len(train)], whole.iloc[len(train) :]
    model = lightgbm.LGBMClassifier(verbose=-1, deterministic=True, force_row_wise=True)
    model.fit(first, train[label])
    return model.predict_proba(last)[:, 1]


def by_us(staunch, folder, train, test, label, kind):
    paths = [folder / name for name in ("train.csv", "test.csv", "model.json", "scores.csv")]
    train.to_csv(paths[0], index=False)
    test.to_csv(paths[1], index=False)
    start = time.monotonic()
    arguments = ["--data", paths[0], "--label", label, "--kind", kind, "--holdout", "0", "-o", paths[2]]
    subprocess.run([staunch, "model", "train", *arguments], check=True, stdout=subprocess.DEVNULL)
    took = time.monotonic() - start
    arguments = [paths[2], "--data", paths[1], "--label", label, "-o", paths[3]]
    subprocess.run([staunch, "model", "eval", *arguments], check=True, stdout=subprocess.DEVNULL)
    return pandas.read_csv(paths[3])["value"].to_numpy(), took


def read(path, separator, label, drop):
    table = pandas.read_csv(path, sep=separator).drop(columns=drop)
    if "TotalCharges" in table:
        # Eleven cells hold a blank: customers in their first month.
        table["TotalCharges"] = pandas.to_numeric(table["TotalCharges"], errors="coerce")
    table[label] = table[label].str.lower().eq("yes").astype(int)
    return table


def compare(staunch, table, label):
    """Per split and way: area under the curve and calibration error; and the seconds of our training."""
    figures, seconds = {name: [] for name in ["lightgbm", *KINDS]}, {kind: [] for kind in KINDS}
    for seed in range(SPLITS):
        order = numpy.random.default_rng(seed).permutation(len(table))
        cut = len(table) * 3 // 4
        train, test = table.iloc[order[:cut]], table.iloc[order[cut:]]
        labels = test[label].to_numpy()
        figures["lightgbm"].append(measured(labels, by_lightgbm(train, test, label)))
        for kind in KINDS:
            with tempfile.TemporaryDirectory() as folder:
                scores, took = by_us(staunch, Path(folder), train, test, label, kind)
            figures[kind].append(measured(labels, scores))
            seconds[kind].append(took)
    return {name: numpy.array(pairs) for name, pairs in figures.items()}, seconds


def spread(values, sign=False):
    return f"{values.mean():{'+' if sign else ''}.4f} ± {values.std(ddof=1):.4f}"


def tables(name, table, figures, seconds):
    base = figures["lightgbm"]
    yield f"\n## {name}: {len(table)} rows\n"
    yield "Mean ± standard deviation over the splits; differences are ours − LightGBM's on the same split.\n"
    yield "| | AUC | difference | worst split | calibration error | difference | worst split | seconds |"
    yield "|---|---|---|---|---|---|---|---|"
    yield f"| LightGBM | {spread(base[:, 0])} | | | {spread(base[:, 1])} | | | |"
    for kind in KINDS:
        own = figures[kind]
        auc, ece = own[:, 0] - base[:, 0], own[:, 1] - base[:, 1]
        yield (
            f"| `--kind {kind}` | {spread(own[:, 0])} | {spread(auc, True)} | {auc.min():+.4f} | {spread(own[:, 1])} | "
            f"{spread(ece, True)} | {ece.max():+.4f} | {numpy.mean(seconds[kind]):.2f} |"
        )
    yield "\n<details><summary>Every split</summary>\n"
    yield "| Split | LightGBM AUC | trees | logistic | auto | LightGBM calibration error | trees | logistic | auto |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for split in range(SPLITS):
        cells = [f"{figures[way][split, column]:.4f}" for column in (0, 1) for way in ["lightgbm", *KINDS]]
        yield f"| {split} | {' | '.join(cells)} |"
    yield "\n</details>"


def met(figures):
    trees, base = figures["trees"].mean(axis=0), figures["lightgbm"].mean(axis=0)
    return trees[0] >= base[0] - 0.01 and trees[1] <= base[1]


def main(staunch, out=None):
    lines = [
        "# Trained models against LightGBM\n",
        f"`tests/tools/model_quality.py`: {SPLITS} fixed splits of each data set, 75 % to train on. LightGBM "
        f"{lightgbm.__version__} with default settings (100 trees, 31 leaves, learning rate 0.1) and its own handling of "
        "categories; ours by `staunch model train --holdout 0` and `staunch model eval`, so through files. Asked for: a mean "
        "AUC of trees within 0.01 of LightGBM's, and a mean calibration error (ten bins of equal width) no worse.\n",
        f"Machine: {platform.machine()}, {os.cpu_count()} cores, {platform.system()}. Python {platform.python_version()}, "
        f"pandas {pandas.__version__}, scikit-learn {sklearn.__version__}, numpy {numpy.__version__}. Seconds are of the "
        "whole command, training with its validation, by the binary that was given.",
    ]
    good = True
    for name, path, separator, label, drop in SETS:
        table = read(path, separator, label, drop)
        figures, seconds = compare(staunch, table, label)
        good &= met(figures)
        lines += tables(name, table, figures, seconds)
    lines.append("\nBoth are met on both data sets." if good else "\nNot met.")
    text = "\n".join(lines) + "\n"
    Path(out).write_text(text) if out else print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
