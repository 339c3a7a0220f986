/* The contract of plugins/wit/scoring.wit for C: its records as they lie in memory, and the memory that host and plugin
 * share. On wasm32 the layout of C structs is that of the canonical ABI. Include it once, in the file with the plugin. */
#include <stddef.h>
#include <stdint.h>

typedef struct { const char *start; size_t length; } text;
typedef struct { const void *start; size_t count; } list;
typedef struct { uint8_t has; double value; } optional_number;
typedef struct { uint8_t has; text value; } optional_text;
typedef struct { uint8_t has; double low, high; } optional_range;

enum { NUMBER, TEXT };
enum { SCALAR, CLASSES, RANKING, DECLINED };

typedef struct { text name; uint8_t kind; optional_text unit; } input;
typedef struct { text name; double from; } band;
typedef struct { text name; double value; optional_range interval; } metric;
typedef struct {
    text owner, purpose;
    struct { uint8_t has; text from, until; } trained_on;
    list metrics;
    uint32_t minimum_outcomes;
    optional_text expires;
} card;
typedef struct {
    text name, version;
    list inputs;
    uint8_t kind;
    optional_range range;
    list bands, labels;
    optional_number base;
    card card;
    list extra;
} manifest;

/* `values` holds doubles or texts, by `kind`. */
typedef struct { text name; uint8_t kind; list values; list missing; } column;
typedef struct { text input; double contribution; } reason;
typedef struct {
    uint8_t shape; /* SCALAR, CLASSES, RANKING or DECLINED */
    union { double scalar; list items; text declined; } value;
    optional_number raw;
    list reasons;
} row_result;
typedef struct { uint8_t failed; list rows; } answer;

#define LITERAL(s) { s, sizeof(s) - 1 }
#define LIST(a) { a, sizeof(a) / sizeof((a)[0]) }
#define EXPORT(name) __attribute__((export_name(name)))

/* All memory of a call, given back when its answer was read. 1,024 rows of 100 numbers fit. */
static uint8_t heap[4 << 20] __attribute__((aligned(16)));
static size_t used;

static void *take(size_t size, size_t align) {
    size_t at = (used + align - 1) & -align;
    if (size > sizeof heap - at) __builtin_trap();
    used = at + size;
    return heap + at;
}

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
    uint8_t *made = take(size, align);
    for (size_t i = 0; i < old_size && i < size; i++) made[i] = ((uint8_t *)old)[i];
    return made;
}

/* Whether row `i` of a column has a value. */
static int has(const column *column, size_t i) {
    return !(((const uint8_t *)column->missing.start)[i / 8] >> i % 8 & 1);
}
