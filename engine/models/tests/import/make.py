"""Trains models with the libraries whose files we read, and writes what they answer.

    python make.py FOLDER [--rows N] [--seed S] [--telco FILE] [--bank FILE]

For each case FOLDER gets NAME.EXT, the model as the library saves it, and NAME.csv: rows that the training did not see,
one column for each input, then `raw` and `answer`, or `raw:I` and `share:I` for each class. A cell without content is a
missing value. Files are read where --telco and --bank say, else rows are made up that look like them, from the seed.

Data: "Telco Customer Churn" of IBM (github IBM/telco-customer-churn-on-icp4d, Apache-2.0); "Bank Marketing" of UCI
(CC BY 4.0, Moro et al. 2014), file bank-additional.csv.
"""

import argparse
import pathlib
import warnings

import lightgbm as lgb
import numpy as np
import onnx
import onnxruntime
import pandas as pd
import xgboost as xgb
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

warnings.filterwarnings("ignore")


def made_up(rows, seed):
    """Rows with numbers, texts and an outcome that hangs together with them."""
    r = np.random.RandomState(seed)
    d = pd.DataFrame(
        {
            "tenure": r.randint(0, 73, rows),
            "charges": r.gamma(4.0, 16.0, rows).round(2),
            "total": r.gamma(1.2, 1900.0, rows).round(2),
            "rate": r.normal(0.0, 1.0, rows),
            "contract": r.choice(["Month-to-month", "One year", "Two year"], rows, p=[0.55, 0.2, 0.25]),
            "service": r.choice(["DSL", "Fiber optic", "No"], rows),
            "payment": r.choice(["Bank", "Card", "Check", "Müller & Söhne"], rows),
            "level": r.choice([1, 2, 5, 7], rows),
        }
    )
    score = (
        1.4 * (d.contract == "Month-to-month") + 0.7 * (d.service == "Fiber optic") - 0.04 * d.tenure + 0.01 * d.charges
        + 0.3 * d.rate * (d.payment == "Check")
    )
    return d, (score + r.logistic(size=rows) > 0.4).astype(int)


def telco(file):
    d = pd.read_csv(file)
    d["TotalCharges"] = pd.to_numeric(d.TotalCharges, errors="coerce")
    y = (d.pop("Churn") == "Yes").astype(int)
    return d.drop(columns="customerID"), y


def bank(file):
    d = pd.read_csv(file, sep=";").drop(columns="duration")
    return d, (d.pop("y") == "yes").astype(int)


class Cases:
    def __init__(self, folder, rows, seed, frames):
        self.folder, self.rows, self.r = pathlib.Path(folder), rows, np.random.RandomState(seed)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.seed, self.frames = seed, frames

    # ---- data -------------------------------------------------------------------------------------------------------

    def split(self, at, holes=0.08):
        """Training rows and unseen ones of a frame, the texts as categories, with values missing here and there."""
        d, y = self.frames[at % len(self.frames)]
        d = d.copy()
        for column in d:
            if not pd.api.types.is_numeric_dtype(d[column]) or column == "level":
                d[column] = d[column].astype("category")
            else:
                d[column] = d[column].astype(float)
            if holes:
                d[column] = d[column].mask(self.r.rand(len(d)) < holes)
        order = self.r.permutation(len(d))
        test, train = order[: self.rows], order[self.rows :]
        return d.iloc[train], y.iloc[train], d.iloc[test], y.iloc[test]

    def numbers(self, at, holes=0.08):
        """The same, numbers only."""
        train, y, test, z = self.split(at, holes)
        columns = train.select_dtypes("number").columns
        return train[columns], y, test[columns], z

    def codes(self, at):
        """The same as a matrix, with codes in place of categories: NaN, codes never seen, and codes below zero."""
        train, y, test, z = self.split(at)
        kinds = ["c" if isinstance(t, pd.CategoricalDtype) else "q" for t in train.dtypes]

        def matrix(d):
            cells = [d[c].cat.codes.astype(float).where(d[c].notna()) if k == "c" else d[c] for c, k in zip(d, kinds)]
            return np.column_stack(cells)

        a, b = matrix(train), matrix(test)
        odd = self.r.rand(*b.shape)
        for i, kind in enumerate(kinds):
            if kind == "c":
                b[odd[:, i] < 0.03, i] = 60
                b[(odd[:, i] > 0.03) & (odd[:, i] < 0.06), i] = -1
                b[(odd[:, i] > 0.06) & (odd[:, i] < 0.09), i] = 33
        return a, y.to_numpy(), b, kinds

    @staticmethod
    def three(train, test):
        """Three classes from the numbers of a frame."""
        def label(d):
            first = d.select_dtypes("number").iloc[:, :2].fillna(0)
            a, b = first.iloc[:, 0] > 35, first.iloc[:, 1].rank(pct=True) > 0.5
            return (a.astype(int) + b.astype(int)).to_numpy()
        return label(train), label(test)

    # ---- writing ----------------------------------------------------------------------------------------------------

    def write(self, name, inputs, raw, answer):
        raw, answer = np.asarray(raw, float), np.asarray(answer, float)
        table = pd.DataFrame(inputs).reset_index(drop=True)
        parts = {}
        if raw.ndim == 1:
            parts = {"raw": raw, "answer": answer}
        else:
            for i in range(raw.shape[1]):
                parts[f"raw:{i}"] = raw[:, i]
            for i in range(raw.shape[1]):
                parts[f"share:{i}"] = answer[:, i]
        pd.concat([table, pd.DataFrame(parts)], axis=1).to_csv(self.folder / f"{name}.csv", index=False)

    def lightgbm(self, name, data, params, rounds=20, labels=None, raw=None, normalise=False):
        a, y, b = data
        params = {"verbose": -1, "num_leaves": 15, "num_threads": 1, "seed": self.seed, "deterministic": True, **params}
        categorical = params.pop("categorical", "auto")
        model = lgb.train(params, lgb.Dataset(a, labels if labels is not None else y, categorical_feature=categorical), rounds)
        model.save_model(self.folder / f"{name}.txt")
        answer = model.predict(b)
        if normalise:
            answer = answer / answer.sum(axis=1, keepdims=True)
        raws = model.predict(b, raw_score=True) if raw is None else raw(model, b)
        frame = b if isinstance(b, pd.DataFrame) else pd.DataFrame(b, columns=model.feature_name())
        self.write(name, frame, raws, answer)

    def xgboost(self, name, data, params, rounds=20, labels=None, kinds=None, formats=("json",)):
        a, y, b = data
        params = {"max_depth": 4, "nthread": 1, "seed": self.seed, **params}
        make = lambda d, y=None: xgb.DMatrix(d, y, enable_categorical=True, feature_types=kinds)
        model = xgb.train(params, make(a, labels if labels is not None else y), rounds)
        for format in formats:
            stem = name if format == formats[0] else f"{name}-{format}"
            model.save_model(self.folder / f"{stem}.{format}")
            frame = b if isinstance(b, pd.DataFrame) else pd.DataFrame(b, columns=[f"f{i}" for i in range(b.shape[1])])
            self.write(stem, frame, model.predict(make(b), output_margin=True), model.predict(make(b)))

    def onnx(self, name, model, a, y, b, matrix=False, double=False):
        """`a` and `b` are frames. Each column is an input of its own type, or all are one matrix of 32-bit floats."""
        kind = {"float32": FloatTensorType, "float64": DoubleTensorType, "int64": Int64TensorType}
        single = lambda d: d.astype({c: np.float32 for c, t in d.dtypes.items() if str(t) == "float64"})
        fit = a if double else single(a)
        types = [(c, kind.get(str(t), StringTensorType)([None, 1])) for c, t in fit.dtypes.items()]
        if matrix:
            types = [("X", (DoubleTensorType if double else FloatTensorType)([None, a.shape[1]]))]
        model.fit(fit.to_numpy() if matrix else fit, y)
        # Maps of labels are for 32-bit floats only.
        options = {"zipmap": False} if double and hasattr(model, "classes_") else None
        written = to_onnx(model, initial_types=types, options=options).SerializeToString()
        (self.folder / f"{name}.onnx").write_bytes(written)
        seen = b if double else single(b)
        feed = {"X": seen.to_numpy()}
        if not matrix:
            text = lambda c: seen[c].fillna("").astype(str).to_numpy(dtype=object)
            feed = {c: (seen[c].to_numpy() if str(t) in kind else text(c)).reshape(-1, 1) for c, t in fit.dtypes.items()}
        out = onnxruntime.InferenceSession(written).run(None, feed)
        frame = b.set_axis([f"X_{i}" for i in range(b.shape[1])], axis=1) if matrix else b
        if len(out) == 1:
            self.write(name, frame, out[0][:, 0], out[0][:, 0])
            return
        shares = out[1] if double else np.array([[row[c] for c in model.classes_] for row in out[1]], float)
        if shares.shape[1] == 2:
            shares = shares[:, 1]
        self.write(name, frame, np.full(shares.shape, np.nan), shares)


def all_lightgbm(c):
    a, y, b, _ = c.split(0)
    # More categories in one split than the default would take.
    c.lightgbm("lgb-binary", (a, y, b), {"objective": "binary", "max_cat_to_onehot": 1, "min_data_per_group": 5}, 30)
    a, y, b, _ = c.split(1)
    c.lightgbm("lgb-zero", (a, y, b), {"objective": "binary", "zero_as_missing": True, "sigmoid": 2.0})
    c.lightgbm("lgb-none", (a, y, b), {"objective": "binary", "use_missing": False})
    c.lightgbm("lgb-entropy", (a, y * 0.8 + 0.1, b), {"objective": "cross_entropy"}, 10)
    c.lightgbm("lgb-rf", (a, y, b), {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6})
    c.lightgbm("lgb-poisson", (a, y + 1, b), {"objective": "poisson", "boosting": "dart"}, 12)
    c.lightgbm("lgb-tweedie", (a, y, b), {"objective": "tweedie"}, 8)
    c.lightgbm("lgb-l1", (a, a.iloc[:, 0].fillna(3), b), {"objective": "regression_l1"}, 8)
    c.lightgbm("lgb-leaf", (a, y, b), {"objective": "binary", "min_data_in_leaf": 100_000}, 2)
    a, y, b, _ = c.split(0)
    three, _ = c.three(a, b)
    c.lightgbm("lgb-multi", (a, y, b), {"objective": "multiclass", "num_class": 3}, 8, three)
    c.lightgbm("lgb-ova", (a, y, b), {"objective": "multiclassova", "num_class": 3, "sigmoid": 1.5}, 6, three, None, True)
    a, y, b, kinds = c.codes(1)
    listed = [i for i, kind in enumerate(kinds) if kind == "c"]
    c.lightgbm("lgb-codes", (a, y, b), {"objective": "regression", "categorical": listed, "max_cat_to_onehot": 1}, 12)


def all_linear_xgboost(c):
    a, y, b, _ = c.numbers(0)
    three, _ = c.three(a, b)
    a, b = a.fillna(1) / 50, b / 50
    c.xgboost("xgb-linear", (a, y, b), {"objective": "binary:logistic", "booster": "gblinear"}, 10)
    c.xgboost("xgb-linear3", (a, y, b), {"objective": "multi:softprob", "num_class": 3, "booster": "gblinear"}, 10, three)
    c.xgboost("xgb-linear-poisson", (a, y + 1, b), {"objective": "count:poisson", "booster": "gblinear", "eta": 0.1}, 5)


def all_xgboost(c):
    a, y, b, _ = c.split(0)
    ascii_only = lambda d: d.drop(columns=[x for x in d if x == "payment"])
    a, b = ascii_only(a), ascii_only(b)
    binary = {"objective": "binary:logistic", "max_cat_to_onehot": 1}
    c.xgboost("xgb-binary", (a, y, b), binary, 25, formats=("json", "ubj"))
    three, _ = c.three(a, b)
    c.xgboost("xgb-multi", (a, y, b), {"objective": "multi:softprob", "num_class": 3, "num_parallel_tree": 2, "subsample": 0.7}, 5, three, formats=("ubj",))
    c.xgboost("xgb-dart", (a, y, b), {**binary, "booster": "dart", "rate_drop": 0.3}, 12)
    c.xgboost("xgb-pruned", (a, y, b), {**binary, "gamma": 4.0, "tree_method": "approx"}, 8)
    c.xgboost("xgb-poisson", (a, y + 1, b), {"objective": "count:poisson"}, 8)
    a, y, b, kinds = c.codes(1)
    c.xgboost("xgb-codes", (a, y, b), {"objective": "reg:squarederror", "max_cat_to_onehot": 1}, 10, kinds=kinds)
    a, y, b, _ = c.numbers(0)
    # Values that only differ beyond 32 bits, on both sides of thresholds.
    near = b.copy()
    for column in near:
        values = a[column].dropna().to_numpy(np.float32)
        picked = c.r.choice(values, len(near)).astype(float)
        near[column] = picked * (1 + c.r.choice([0, 1, -1, 3, -3], len(near)) * 2.0**-25)
    c.xgboost("xgb-near", (a, y, near), {"objective": "binary:logitraw", "base_score": 0.25}, 10)
    all_linear_xgboost(c)


def plain_numbers():
    """skl2onnx hands numbers of numpy to onnx, which takes those of Python only, for histogram gradient boosting."""
    make = onnx.helper.make_attribute

    def patched(key, value, *rest, **more):
        if isinstance(value, list):
            value = [item.item() if isinstance(item, np.generic) else item for item in value]
            value = [int(item) if isinstance(item, bool) else item for item in value]
        return make(key, value, *rest, **more)

    onnx.helper.make_attribute = patched


def all_onnx(c):
    plain_numbers()
    a, y, b, _ = c.split(0)
    for d in (a, b):
        for column in d:
            if isinstance(d[column].dtype, pd.CategoricalDtype):
                d[column] = d[column].astype(object)
    numbers = [x for x in a if pd.api.types.is_float_dtype(a[x])]
    texts = [x for x in a if x not in numbers and x != "level"][:5]
    a, b = a[numbers + texts].copy(), b[numbers + texts].copy()
    for d in (a, b):
        d[texts] = d[texts].fillna("none")
    b.loc[b.index[: len(b) // 20], texts[0]] = "never seen"
    three, _ = c.three(a, b)
    size = dict(n_estimators=6, max_depth=5, random_state=c.seed)

    def encoded(fill=True, scale=True, encoder=None):
        steps = ([SimpleImputer()] if fill else []) + ([StandardScaler()] if scale else [])
        encoder = encoder or OneHotEncoder(handle_unknown="ignore")
        return ColumnTransformer([("n", make_pipeline(*steps) if steps else "passthrough", numbers), ("c", encoder, texts)])

    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    c.onnx("onnx-forest", make_pipeline(encoded(), RandomForestClassifier(**size)), a, y, b)
    c.onnx("onnx-forest3", make_pipeline(encoded(scale=False), RandomForestClassifier(**size)), a, three, b)
    c.onnx("onnx-boosting", make_pipeline(encoded(), GradientBoostingClassifier(**size)), a, y, b)
    c.onnx("onnx-boosting3", make_pipeline(encoded(encoder=ordinal), GradientBoostingClassifier(**size)), a, three, b)
    c.onnx("onnx-ordinal", make_pipeline(encoded(False, False, ordinal), ExtraTreesClassifier(**size)), a.fillna(5), y, b.fillna(5))
    c.onnx("onnx-texts", make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()), a[texts], y, b[texts])
    c.onnx("onnx-mixed", make_pipeline(encoded(), LogisticRegression()), a, y, b)
    c.onnx("onnx-mixed-double", make_pipeline(encoded(fill=False), LogisticRegression()), a.fillna(0), y, b.fillna(0), double=True)
    c.onnx("onnx-mixed-linear", make_pipeline(encoded(), LinearRegression()), a, y, b)
    c.onnx("onnx-mixed3", make_pipeline(encoded(), LogisticRegression()), a, three, b)
    whole = lambda d: d[numbers[:2]].fillna(3).astype("int64")
    first = ColumnTransformer([("o", OneHotEncoder(handle_unknown="ignore"), numbers[:1])], remainder="passthrough")
    c.onnx("onnx-whole", make_pipeline(first, GradientBoostingClassifier(**size)), whole(a), y, whole(b))
    c.onnx("onnx-whole-logistic", make_pipeline(first, LogisticRegression()), whole(a), three, whole(b))
    n, m = a[numbers], b[numbers]
    c.onnx("onnx-logistic", make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()), n, y, m, matrix=True)
    c.onnx("onnx-minmax", make_pipeline(SimpleImputer(), MinMaxScaler(), LogisticRegression()), n, y, m)
    c.onnx("onnx-histogram", HistGradientBoostingClassifier(max_iter=8, max_leaf_nodes=15), n, y, m, matrix=True)
    c.onnx("onnx-histogram3", HistGradientBoostingClassifier(max_iter=4, max_leaf_nodes=15), n, three, m, matrix=True)
    c.onnx("onnx-regression", HistGradientBoostingRegressor(max_iter=8, max_leaf_nodes=15), n, n.iloc[:, 0].fillna(1), m, matrix=True)
    c.onnx("onnx-boosting-regression", make_pipeline(SimpleImputer(), GradientBoostingRegressor(**size)), n, y, m)
    c.onnx("onnx-forest-regression", make_pipeline(SimpleImputer(), MinMaxScaler(), RandomForestRegressor(**size)), n, y, m)
    c.onnx("onnx-descent", make_pipeline(SimpleImputer(), StandardScaler(), SGDClassifier(loss="log_loss", random_state=c.seed)), n, y, m)
    c.onnx("onnx-double-logistic", make_pipeline(StandardScaler(), LogisticRegression()), n.fillna(0), y, m.fillna(0), double=True)
    c.onnx("onnx-double-forest", make_pipeline(StandardScaler(), RandomForestClassifier(**size)), n.fillna(0), three, m.fillna(0), double=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--rows", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--telco")
    parser.add_argument("--bank")
    args = parser.parse_args()
    frames = [telco(args.telco)] if args.telco else []
    frames += [bank(args.bank)] if args.bank else []
    frames = frames or [made_up(args.rows + 4000, args.seed), made_up(args.rows + 4000, args.seed + 1)]
    cases = Cases(args.folder, args.rows, args.seed, frames)
    all_lightgbm(cases)
    all_xgboost(cases)
    all_onnx(cases)


if __name__ == "__main__":
    main()
