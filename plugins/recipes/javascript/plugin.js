// A scoring plugin in JavaScript: how recently and in which plan a customer bought.

const text = (name, unit) => ({ name, kind: "text", unit });
const number = (name, unit) => ({ name, kind: "number", unit });

/** Whether row `i` of a column has a value. */
const has = (column, i) => !((column.missing[i >> 3] >> (i & 7)) & 1);

function score([recency, plan], i) {
  const reasons = [];
  let value = 0.1;
  const add = (input, contribution) => {
    if (contribution !== 0) reasons.push({ input, contribution });
    value += contribution;
  };
  if (has(recency, i)) add("recency", 0.5 * Math.min(1, Math.max(0, 1 - recency.values.val[i] / 365)));
  if (has(plan, i) && plan.values.val[i] === "pro") add("plan", 0.25);
  reasons.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  return { value: { tag: "scalar", val: value }, raw: value, reasons };
}

export const plugin = {
  describe: () => ({
    name: "js-score",
    version: "1.0.0",
    inputs: [number("recency", "days"), text("plan")],
    kind: "scalar",
    range: { low: 0, high: 1 },
    bands: [{ name: "low", from: 0 }, { name: "high", from: 0.5 }],
    labels: [],
    base: 0.1,
    card: {
      owner: "ben@retail.invalid",
      purpose: "Shows how a plugin is written in JavaScript",
      metrics: [],
      minimumOutcomes: 0,
    },
    extra: [],
  }),
  scoreBatch: (rows, columns) => Array.from({ length: rows }, (_, i) => score(columns, i)),
};
