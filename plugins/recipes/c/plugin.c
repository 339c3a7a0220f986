/* A scoring plugin in C: how recently and in which plan a customer bought. */
#include "scoring.h"

static const input inputs[] = {
    { LITERAL("recency"), NUMBER, { 1, LITERAL("days") } },
    { LITERAL("plan"), TEXT, { 0 } },
};
static const band bands[] = { { LITERAL("low"), 0 }, { LITERAL("high"), 0.5 } };
static const manifest self = {
    .name = LITERAL("c-score"),
    .version = LITERAL("1.0.0"),
    .inputs = LIST(inputs),
    .kind = SCALAR,
    .range = { 1, 0, 1 },
    .bands = LIST(bands),
    .base = { 1, 0.1 },
    .card = { .owner = LITERAL("ben@retail.invalid"), .purpose = LITERAL("Shows how a plugin is written in C") },
};

EXPORT("staunch:scoring/plugin@1.0.0#describe") const manifest *describe(void) { return &self; }

static double fresh(double days) {
    double share = 1 - days / 365;
    return 0.5 * (share < 0 ? 0 : share > 1 ? 1 : share);
}

static int is_pro(const text *plan) {
    return plan->length == 3 && plan->start[0] == 'p' && plan->start[1] == 'r' && plan->start[2] == 'o';
}

/* The host hands over one column per input, in the manifest's order. */
static void score(const column *columns, size_t i, row_result *row) {
    reason *reasons = take(2 * sizeof *reasons, 8);
    size_t count = 0;
    double value = 0.1;
    if (has(&columns[0], i)) {
        double part = fresh(((const double *)columns[0].values.start)[i]);
        if (part != 0) reasons[count++] = (reason) { LITERAL("recency"), part };
        value += part;
    }
    if (has(&columns[1], i) && is_pro(&((const text *)columns[1].values.start)[i])) {
        reasons[count++] = (reason) { LITERAL("plan"), 0.25 };
        value += 0.25;
    }
    if (count == 2 && reasons[0].contribution < reasons[1].contribution) { /* strongest first */
        reason first = reasons[1];
        reasons[1] = reasons[0];
        reasons[0] = first;
    }
    row->shape = SCALAR;
    row->value.scalar = value;
    row->raw = (optional_number) { 1, value };
    row->reasons = (list) { reasons, count };
}

EXPORT("staunch:scoring/plugin@1.0.0#score-batch")
answer *score_batch(uint32_t rows, const column *columns, size_t count) {
    answer *made = take(sizeof *made, 4);
    row_result *results = take(rows * sizeof *results, 8);
    (void)count;
    for (uint32_t i = 0; i < rows; i++) score(columns, i, &results[i]);
    *made = (answer) { 0, { results, rows } };
    return made;
}

EXPORT("cabi_post_staunch:scoring/plugin@1.0.0#score-batch") void scored(answer *made) {
    (void)made;
    used = 0;
}
