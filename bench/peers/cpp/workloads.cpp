/*
 * Counts with std::shared_ptr in a program that has threads, so that they are atomic.
 *
 *   workloads counts one|many|shared|disjoint PAIRS REPETITIONS
 */
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

struct leaf {
    int64_t payload[4];
};

static constexpr int OBJECTS = 1024;

static void count_pairs(const std::shared_ptr<leaf> *objects, int64_t mask, int64_t pairs) {
    for (int64_t i = 0; i < pairs; i++) {
        std::shared_ptr<leaf> copy = objects[i & mask];
        __asm__ volatile("" : : "r"(copy.get()) : "memory"); /* the pair must not cancel out */
    }
}

int main(int argument_count, char **arguments) {
    if (argument_count != 5 || std::strcmp(arguments[1], "counts") != 0) {
        std::fprintf(stderr, "usage: %s counts one|many|shared|disjoint PAIRS REPETITIONS\n", arguments[0]);
        return 2;
    }
    char pattern = arguments[2][0];
    int64_t pairs = std::atol(arguments[3]);
    std::thread([] {}).join(); /* libstdc++ counts plainly before the first thread */
    std::vector<std::shared_ptr<leaf>> objects;
    for (int i = 0; i < 2 * OBJECTS; i++) {
        objects.push_back(std::make_shared<leaf>());
    }
    for (int r = 0; r < std::atoi(arguments[4]); r++) {
        auto start = std::chrono::steady_clock::now();
        if (pattern == 'o' || pattern == 'm') {
            count_pairs(objects.data(), pattern == 'm' ? OBJECTS - 1 : 0, pairs);
        } else {
            std::thread other(count_pairs, objects.data() + (pattern == 's' ? 0 : OBJECTS), 0, pairs);
            count_pairs(objects.data(), 0, pairs);
            other.join();
        }
        std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
        std::printf("repetition=%d ms=%.3f checksum=0\n", r, took.count());
    }
    return 0;
}
