"""Trains the model that speed is measured on: LightGBM, 100 trees x 31 leaves x 20 inputs, 8 % of the values missing.

    train.py FOLDER

Writes model.txt (LightGBM's), model.json (ours), rows.bin and raw.bin (10,000 of the training rows, and LightGBM's raw
values of them).
"""

import json
import sys
from pathlib import Path

import lightgbm
import numpy

ROWS, INPUTS, KEPT = 50_000, 20, 10_000


def data():
    draw = numpy.random.default_rng(7)
    x = draw.normal(size=(ROWS, INPUTS)) * draw.uniform(0.5, 50, INPUTS)
    z = x[:, 0] / 20 + numpy.sin(x[:, 1]) + x[:, 2] * x[:, 3] / 500 + (x[:, 4] > 3) * 1.5 + draw.normal(size=ROWS)
    x[draw.random(x.shape) < 0.08] = numpy.nan
    return x, (z > numpy.median(z)).astype(int)


def nodes(tree):
    """One tree as our model file has it: its nodes, the root first."""
    found = []

    def add(node):
        place = len(found)
        found.append(None)
        if "split_index" not in node:
            found[place] = {"value": node["leaf_value"]}
            return place
        if node["decision_type"] != "<=" or node["missing_type"] != "NaN":
            sys.exit(f"a split that this script does not know: {node['decision_type']} {node['missing_type']}")
        left, right = add(node["left_child"]), add(node["right_child"])
        found[place] = {
            "input": node["split_feature"],
            "at": node["threshold"],
            "left": left,
            "right": right,
            "missing_left": node["default_left"],
            "value": node["internal_value"],
        }
        return place

    add(tree["tree_structure"])
    return found


def main():
    folder = Path(sys.argv[1])
    x, y = data()
    options = dict(objective="binary", num_leaves=31, learning_rate=0.1, verbose=-1, num_threads=2, deterministic=True,
                   force_row_wise=True)
    booster = lightgbm.train(options, lightgbm.Dataset(x, y), 100)
    booster.save_model(folder / "model.txt")
    model = {
        "kind": "trees", "format": 1, "name": "speed", "version": "1.0.0", "base": 0, "link": "sigmoid",
        "inputs": [{"name": f"x{place}"} for place in range(INPUTS)],
        "trees": [nodes(tree) for tree in booster.dump_model()["tree_info"]],
        "card": {"owner": "", "purpose": "", "rows": ROWS, "positives": int(y.sum()), "minimum_outcomes": 0},
    }
    (folder / "model.json").write_text(json.dumps(model))
    kept = numpy.ascontiguousarray(x[:KEPT])
    kept.tofile(folder / "rows.bin")
    booster.predict(kept, raw_score=True).tofile(folder / "raw.bin")


main()
