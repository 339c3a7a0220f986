/* Times the single-row call of LightGBM's C library that skips its set-up, row by row over a file.
 *
 * score MODEL.txt ROWS.bin RAW.bin INPUTS REPETITIONS: rows are doubles, row after row, NaN where missing; RAW.bin holds
 * the raw value that is expected of each. Prints per repetition the median and the 99th percentile over groups of 16
 * calls, in nanoseconds per row, and the largest difference of the raw value. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { FLOAT64 = 1, RAW_SCORE = 1, GROUP = 16 };

int LGBM_BoosterCreateFromModelfile(const char *file, int *iterations, void **booster);
int LGBM_BoosterPredictForMatSingleRowFastInit(void *booster, int kind, int start, int count, int type, int32_t inputs,
                                               const char *parameters, void **fast);
int LGBM_BoosterPredictForMatSingleRowFast(void *fast, const void *row, int64_t *length, double *result);

static double *doubles(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) return NULL;
    long bytes = ftell(file);
    rewind(file);
    double *all = malloc(bytes);
    *count = all ? fread(all, sizeof *all, bytes / sizeof *all, file) : 0;
    fclose(file);
    return all;
}

static double nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int count, char **arguments) {
    if (count != 6) return fprintf(stderr, "usage: score MODEL.txt ROWS.bin RAW.bin INPUTS REPETITIONS\n"), 2;
    int inputs = atoi(arguments[4]), iterations;
    size_t cells, expected;
    double *rows = doubles(arguments[2], &cells), *raw = doubles(arguments[3], &expected);
    void *booster, *fast;
    if (!rows || !raw || cells != expected * inputs) return fprintf(stderr, "the files do not fit\n"), 1;
    if (LGBM_BoosterCreateFromModelfile(arguments[1], &iterations, &booster)) return 1;
    if (LGBM_BoosterPredictForMatSingleRowFastInit(booster, RAW_SCORE, 0, -1, FLOAT64, inputs, "num_threads=1", &fast))
        return 1;
    size_t groups = expected / GROUP;
    double *got = calloc(expected, sizeof *got), *times = calloc(groups, sizeof *times);
    int64_t length;
    for (int repetition = 0; repetition < atoi(arguments[5]); repetition++) {
        for (int measured = 0; measured < 2; measured++)
            for (size_t group = 0; group < groups; group++) {
                double start = nanoseconds();
                for (size_t row = group * GROUP; row < (group + 1) * GROUP; row++)
                    LGBM_BoosterPredictForMatSingleRowFast(fast, rows + row * inputs, &length, got + row);
                times[group] = (nanoseconds() - start) / GROUP;
            }
        double difference = 0;
        for (size_t row = 0; row < groups * GROUP; row++) difference = fmax(difference, fabs(got[row] - raw[row]));
        qsort(times, groups, sizeof *times, ascending);
        printf("lightgbm rep=%d p50=%.0f p99=%.0f maxdiff=%.1e\n", repetition, times[groups / 2],
               times[groups * 99 / 100], difference);
    }
    return 0;
}
