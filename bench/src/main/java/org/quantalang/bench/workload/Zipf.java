package org.quantalang.bench.workload;

/** Numbers below a bound, small ones more often: Zipf's distribution with exponent 1. */
final class Zipf {
    private final double[] cumulated;
    private final MinimalStandard random;

    /** Takes its chance from {@code random}, one number each. */
    Zipf(int bound, MinimalStandard random) {
        this.random = random;
        cumulated = new double[bound];
        double sum = 0;
        for (int i = 0; i < bound; i++) {
            sum += 1.0 / (i + 1);
            cumulated[i] = sum;
        }
    }

    int next() {
        double[] weights = cumulated;
        double u = random.next() / (double) MinimalStandard.MODULUS * weights[weights.length - 1];
        int low = 0;
        int high = weights.length - 1;
        while (low < high) {
            int middle = (low + high) >> 1;
            while (low < high && weights[middle] < u) {
                low = middle + 1;
                middle = (low + high) >> 1;
            }
            high = middle;
        }
        return low;
    }
}
