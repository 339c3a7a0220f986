"""A scoring plugin in Python: how recently and in which plan a customer bought."""

from wit_world import exports
from wit_world.exports import plugin as p


def has(column, i):
    """Whether row `i` of a column has a value."""
    return not column.missing[i >> 3] >> (i & 7) & 1


def score(columns, i):
    recency, plan = columns
    reasons, value = [], 0.1
    if has(recency, i):
        part = 0.5 * min(1.0, max(0.0, 1.0 - recency.values.value[i] / 365.0))
        value += part
        if part != 0:
            reasons.append(p.Reason("recency", part))
    if has(plan, i) and plan.values.value[i] == "pro":
        value += 0.25
        reasons.append(p.Reason("plan", 0.25))
    reasons.sort(key=lambda reason: -abs(reason.contribution))
    return p.RowResult(p.Outcome_Scalar(value), value, reasons)


class Plugin(exports.Plugin):
    def describe(self):
        return p.Manifest(
            name="py-score",
            version="1.0.0",
            inputs=[p.Input("recency", p.InputKind.NUMBER, "days"), p.Input("plan", p.InputKind.TEXT, None)],
            kind=p.ResultKind.SCALAR,
            range=p.Range(0.0, 1.0),
            bands=[p.Band("low", 0.0), p.Band("high", 0.5)],
            labels=[],
            base=0.1,
            card=p.Card("ben@retail.invalid", "Shows how a plugin is written in Python", None, [], 0, None),
            extra=[],
        )

    def score_batch(self, rows, columns):
        return [score(columns, i) for i in range(rows)]
