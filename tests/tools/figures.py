"""Figures of answers against labels, by scikit-learn: figures.py ANSWERS.csv GROUPS.csv > figures.json

ANSWERS.csv is what `staunch model eval -o` writes (`value`, `label`), GROUPS.csv holds one column with the group of each
row. Lift and calibration error are not in scikit-learn; they follow their definition in engine/models/src/evaluate.rs.
"""

import json
import sys

import numpy as np
import pandas as pd
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

DRAWS = 500


def lift(p, y):
    """Share of the top tenth over the share of all; rows of one score at its edge count in part."""
    tenth, seen, hits = 0.1 * len(p), 0.0, 0.0
    for score in sorted(set(p), reverse=True):
        same = p == score
        room = min(max(tenth - seen, 0.0), same.sum())
        hits += y[same].mean() * room
        seen += same.sum()
    return hits / tenth / y.mean()


def figures(p, y):
    happened, said = calibration_curve(y, p, n_bins=10, strategy="uniform")
    place = np.minimum((p * 10).astype(int), 9)
    rows = [int((place == n).sum()) for n in range(10) if (place == n).any()]
    return {
        "auc": roc_auc_score(y, p),
        "log_loss": log_loss(y, p),
        "brier": brier_score_loss(y, p),
        "ece": float(np.sum(np.abs(happened - said) * rows) / len(p)),
        "lift_10": lift(p, y),
        "bins": [list(bin) for bin in zip(rows, said.tolist(), happened.tolist())],
    }


def interval(p, y, groups):
    """Percentiles of the AUC over draws of whole groups."""
    random, members = np.random.default_rng(1), [np.flatnonzero(groups == group) for group in np.unique(groups)]
    drawn = []
    for _ in range(DRAWS):
        rows = np.concatenate([members[n] for n in random.integers(0, len(members), len(members))])
        drawn.append(roc_auc_score(y[rows], p[rows]))
    return list(np.percentile(drawn, [2.5, 97.5]))


answers, groups = pd.read_csv(sys.argv[1], float_precision="round_trip"), pd.read_csv(sys.argv[2]).iloc[:, 0].to_numpy()
p, y = answers["value"].to_numpy(), answers["label"].to_numpy()
json.dump({**figures(p, y), "interval": interval(p, y, groups)}, sys.stdout)
