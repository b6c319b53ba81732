/*
 * The workloads in C, on the heap of objects.h. See ../README.md for what each does and prints.
 *
 *   workloads trees DEPTH REPETITIONS
 *   workloads trees-two DEPTH REPETITIONS
 *   workloads cycles ring|list|tree SIZE LIVE DROPPED isolated|attached table|root REPETITIONS
 *   workloads counts one|many|shared|disjoint PAIRS REPETITIONS
 *   workloads mutate LIVE STORES REPETITIONS
 *   workloads lru CAPACITY KEYS ACCESSES REPETITIONS
 *   workloads alloc lifo1|lifo100|fifo|cross COUNT raw|zero REPETITIONS
 *   workloads chain LENGTH REPETITIONS
 */
#include <pthread.h>
#include <sched.h>

#include "objects.h"

/* Payload that is not a reference. */
typedef int64_t number __attribute__((may_alias));

/* ---- random numbers: the minimal standard generator, the same in every language */

static int64_t random_state;

static inline int64_t random_next(void) {
    return random_state = random_state * 48271 % 2147483647;
}

/* ---- W1 trees: build complete binary trees, count their nodes, drop them */

static unsigned tree_type;

static object *build_tree(heap *h, int depth) {
    object *node = allocate(h, tree_type, 2, 16);
    if (depth > 0) {
        move_in(node, 0, build_tree(h, depth - 1));
        move_in(node, 1, build_tree(h, depth - 1));
    }
    return node;
}

static int64_t count_nodes(const object *node) {
    return node->slot[0] ? 1 + count_nodes(node->slot[0]) + count_nodes(node->slot[1]) : 1;
}

static int64_t build_count_drop(heap *h, int depth) {
    object *tree = build_tree(h, depth);
    int64_t nodes = count_nodes(tree);
    release(h, tree);
    return nodes;
}

static int64_t trees(heap *h, int depth) {
    int64_t nodes = build_count_drop(h, depth + 1);
    object *long_lived = build_tree(h, depth);
    for (int each = 4; each <= depth; each += 2) {
        for (int64_t i = 0, n = (int64_t)1 << (depth - each + 4); i < n; i++) {
            nodes += build_count_drop(h, each);
        }
    }
    nodes += count_nodes(long_lived);
    release(h, long_lived);
    return nodes;
}

static void *trees_elsewhere(void *depth) {
    return (void *)(intptr_t)trees(heap_new(), (int)(intptr_t)depth);
}

/* two threads, each with trees and a heap of its own */
static int64_t trees_two(heap *h, int depth) {
    pthread_t thread;
    void *there;
    pthread_create(&thread, 0, trees_elsewhere, (void *)(intptr_t)depth);
    int64_t here = trees(h, depth);
    pthread_join(thread, &there);
    return here + (int64_t)(intptr_t)there;
}

/* ---- W2 cycles: build a small cyclic structure, walk it, drop the only reference to it */

static unsigned node_type; /* three slots, then a number */
static int64_t node_counter;
static object **live_table;
static double worst_batch_millis, final_millis;

#define VALUE(node) (*(number *)&(node)->slot[3])

static inline object *new_node(heap *h, int64_t value) {
    object *node = allocate(h, node_type, 3, 32);
    VALUE(node) = value;
    return node;
}

static object *build_ring(heap *h, int size) {
    object *first = new_node(h, node_counter++), *last = first;
    for (int i = 1; i < size; i++) {
        object *node = new_node(h, node_counter++);
        move_in(last, 0, node);
        last = node;
    }
    share_in(last, 0, first);
    return first;
}

static object *build_list(heap *h, int size) {
    object *first = new_node(h, node_counter++), *last = first;
    for (int i = 1; i < size; i++) {
        object *node = new_node(h, node_counter++);
        move_in(last, 0, node);
        share_in(node, 1, last);
        last = node;
    }
    return first;
}

/** A binary tree by heap index, each child with a reference to its parent. */
static object *build_parent_tree(heap *h, int index, int size) {
    if (index >= size) {
        return 0;
    }
    object *node = new_node(h, node_counter++);
    for (int side = 0; side < 2; side++) {
        object *child = build_parent_tree(h, 2 * index + 1 + side, size);
        if (child) {
            move_in(node, side, child);
            share_in(child, 2, node);
        }
    }
    return node;
}

static int64_t sum_tree(const object *node) {
    return VALUE(node) + (node->slot[0] ? sum_tree(node->slot[0]) : 0)
        + (node->slot[1] ? sum_tree(node->slot[1]) : 0);
}

/** A ring with two random edges a node; the table holds every node. */
static void build_live(heap *h, int64_t live) {
    live_table = malloc(sizeof(object *) * (size_t)(live + 1));
    for (int64_t i = 0; i < live; i++) {
        live_table[i] = new_node(h, i);
    }
    for (int64_t i = 0; i < live; i++) {
        share_in(live_table[i], 0, live_table[(i + 1) % live]);
        share_in(live_table[i], 1, live_table[random_next() % live]);
        share_in(live_table[i], 2, live_table[random_next() % live]);
    }
}

static int64_t build_and_walk(heap *h, char shape, int size, object **structure) {
    int64_t sum = 0;
    if (shape == 'r') {
        object *node = *structure = build_ring(h, size);
        for (int i = 0; i < size; i++) {
            sum += VALUE(node);
            node = node->slot[0];
        }
    } else if (shape == 'l') {
        for (object *node = *structure = build_list(h, size); node; node = node->slot[0]) {
            sum += VALUE(node);
        }
    } else {
        sum = sum_tree(*structure = build_parent_tree(h, 0, size));
    }
    return sum;
}

static int64_t cycles(heap *h, char shape, int size, int64_t live, int64_t dropped, int attached) {
    int64_t sum = 0;
    double batch_start = now_millis();
    worst_batch_millis = 0;
    for (int64_t i = 0, n = dropped / size; i < n; i++) {
        object *structure;
        sum += build_and_walk(h, shape, size, &structure);
        if (attached) {
            set_slot(h, structure, 2, live_table[random_next() % live]);
        }
        release(h, structure);
        if (i % 100 == 99) {
            double now = now_millis();
            if (now - batch_start > worst_batch_millis) {
                worst_batch_millis = now - batch_start;
            }
            batch_start = now;
        }
    }
    batch_start = now_millis();
    collect_all(h);
    final_millis = now_millis() - batch_start;
    return sum;
}

/* ---- W3 counts: a retain and a release, again and again */

typedef struct count_run {
    heap *h;
    object **objects;
    int64_t objects_mask, pairs;
} count_run;

static void *count_pairs(void *argument) {
    count_run *run = argument;
    heap *h = run->h;
    object **objects = run->objects;
    int64_t mask = run->objects_mask;
    for (int64_t i = 0, n = run->pairs; i < n; i++) {
        object *o = objects[i & mask];
        retain(o);
        __asm__ volatile("" ::: "memory"); /* the pair must not cancel out */
        release(h, o);
    }
    return 0;
}

static double counts(heap *h, const char *pattern, int64_t pairs) {
    enum { OBJECTS = 1024 };
    static object *objects[2 * OBJECTS];
    static unsigned leaf;
    if (!leaf) {
        leaf = define_type(0, 32);
        for (int i = 0; i < 2 * OBJECTS; i++) {
            objects[i] = allocate(h, leaf, 0, 32);
        }
    }
    count_run mine = {h, objects, pattern[0] == 'm' ? OBJECTS - 1 : 0, pairs};
    double start = now_millis();
    if (pattern[0] == 'o' || pattern[0] == 'm') {
        count_pairs(&mine);
    } else { /* two threads: on one object, or each on its own */
        count_run other = {heap_new(), pattern[0] == 's' ? objects : objects + OBJECTS, 0, pairs};
        pthread_t thread;
        start = now_millis();
        pthread_create(&thread, 0, count_pairs, &other);
        count_pairs(&mine);
        pthread_join(thread, 0);
    }
    return now_millis() - start;
}

/* ---- W4 mutate: random stores into a live graph; most releases are to non-zero */

static int64_t mutate(heap *h, int64_t live, int64_t stores) {
    int64_t sum = 0;
    for (int64_t t = 0; t < stores; t++) {
        int64_t i = random_next() % live;
        int slot = (int)(random_next() % 3);
        int64_t j = random_next() % live;
        object *node = live_table[i];
        sum += VALUE(node->slot[slot]);
        set_slot(h, node, slot, live_table[j]);
        if ((t & 7) == 7) {
            object *fresh = new_node(h, t);
            share_in(fresh, 0, live_table[random_next() % live]);
            share_in(fresh, 1, live_table[random_next() % live]);
            share_in(fresh, 2, live_table[random_next() % live]);
            int64_t k = random_next() % live;
            object *old = live_table[k];
            live_table[k] = fresh;
            release(h, old);
        }
    }
    collect_all(h);
    return sum;
}

/* ---- W5 lru: a hash table of entries in a doubly linked list, with strings of 16 to 512 bytes */

enum { BUCKETS = 131072, CHAIN = 0, PREV = 1, NEXT = 2, STRING = 3 };

static unsigned entry_type, string_type;

#define KEY(entry) (*(number *)&(entry)->slot[4])
#define STRING_LENGTH(string) (*(number *)(string)->slot)
#define STRING_BYTES(string) ((unsigned char *)((string)->slot + 1))

/** A number of 0 .. keys - 1, small ones more often (Zipf, exponent 1), by its cumulated weights. */
static int64_t zipf(const double *cumulated, int64_t keys) {
    double u = (double)random_next() / 2147483647.0 * cumulated[keys - 1];
    int64_t low = 0, high = keys - 1;
    while (low < high) {
        int64_t middle = (low + high) >> 1;
        if (cumulated[middle] < u) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void link_behind(heap *h, object *head, object *entry) {
    object *first = head->slot[NEXT];
    set_slot(h, entry, PREV, head);
    set_slot(h, entry, NEXT, first);
    set_slot(h, first, PREV, entry);
    set_slot(h, head, NEXT, entry);
}

static void evict_last(heap *h, object **buckets, object *tail) {
    object *victim = tail->slot[PREV];
    retain(victim);
    object *before = victim->slot[PREV];
    set_slot(h, before, NEXT, tail);
    set_slot(h, tail, PREV, before);
    int64_t bucket = KEY(victim) & (BUCKETS - 1);
    if (buckets[bucket] == victim) {
        object *rest = victim->slot[CHAIN];
        if (rest) {
            retain(rest);
        }
        buckets[bucket] = rest;
        release(h, victim);
    } else {
        object *entry = buckets[bucket];
        while (entry->slot[CHAIN] != victim) {
            entry = entry->slot[CHAIN];
        }
        set_slot(h, entry, CHAIN, victim->slot[CHAIN]);
    }
    set_slot(h, victim, PREV, 0);
    set_slot(h, victim, NEXT, 0);
    set_slot(h, victim, CHAIN, 0);
    release(h, victim);
}

static int64_t lru(heap *h, int64_t capacity, int64_t keys, int64_t accesses,
                   const double *cumulated) {
    object **buckets = calloc(BUCKETS, sizeof *buckets);
    int64_t sum = 0, entries = 0;
    object *head = allocate(h, entry_type, 4, 48), *tail = allocate(h, entry_type, 4, 48);
    share_in(head, NEXT, tail);
    share_in(tail, PREV, head);
    for (int64_t t = 0; t < accesses; t++) {
        int64_t key = zipf(cumulated, keys) * 7919 % keys, bucket = key & (BUCKETS - 1);
        object *entry = buckets[bucket];
        while (entry && KEY(entry) != key) {
            entry = entry->slot[CHAIN];
        }
        if (entry) {
            object *before = entry->slot[PREV], *after = entry->slot[NEXT];
            retain(entry);
            set_slot(h, before, NEXT, after);
            set_slot(h, after, PREV, before);
            link_behind(h, head, entry);
            release(h, entry);
            object *string = entry->slot[STRING];
            int64_t length = STRING_LENGTH(string);
            sum += length + STRING_BYTES(string)[0] + STRING_BYTES(string)[length - 1];
            continue;
        }
        int64_t length = 16 + random_next() % 497;
        object *string = allocate_bytes(h, string_type, 8 + (size_t)length);
        STRING_LENGTH(string) = length;
        memset(STRING_BYTES(string), (int)(key & 127), (size_t)length);
        entry = allocate(h, entry_type, 4, 48);
        KEY(entry) = key;
        move_in(entry, STRING, string);
        if (buckets[bucket]) {
            move_in(entry, CHAIN, buckets[bucket]); /* the bucket's reference moves to the entry */
        }
        buckets[bucket] = entry;
        link_behind(h, head, entry);
        sum += length;
        if (++entries > capacity) {
            entries--;
            evict_last(h, buckets, tail);
        }
    }
    for (int i = 0; i < BUCKETS; i++) {
        if (buckets[i]) {
            release(h, buckets[i]);
        }
    }
    release(h, head);
    release(h, tail);
    collect_all(h);
    free(buckets);
    return sum;
}

/* ---- W6 alloc: leaves of 32 to 256 bytes, in a fixed random order of sizes */

enum { SIZES = 4096, BATCH = 1000, BATCHES = 16, FIFO_WINDOW = 10000 };

static int payload_bytes[SIZES];
static int zero_payload;
static unsigned bytes_type;

static inline object *new_bytes(heap *h, int64_t i) {
    size_t bytes = (size_t)payload_bytes[i & (SIZES - 1)];
    object *o = allocate_bytes(h, bytes_type, bytes);
    if (zero_payload) {
        memset(o->slot, 0, bytes);
    }
    *(number *)o->slot = i;
    return o;
}

typedef struct batch {
    object *objects[BATCH];
    int64_t full;
} batch;

static batch batches[BATCHES];
static int64_t batch_count;

static inline void wait_until(const int64_t *flag, int64_t value) {
    for (int spins = 1; __atomic_load_n(flag, __ATOMIC_ACQUIRE) != value; spins++) {
        __builtin_ia32_pause();
        if (spins % 64 == 0) {
            sched_yield();
        }
    }
}

static void *release_batches(void *argument) {
    (void)argument;
    heap *h = heap_new();
    for (int64_t i = 0; i < batch_count; i++) {
        batch *b = &batches[i % BATCHES];
        wait_until(&b->full, 1);
        for (int j = 0; j < BATCH; j++) {
            release(h, b->objects[j]);
        }
        __atomic_store_n(&b->full, 0, __ATOMIC_RELEASE); /* pairs with wait_until in the producer */
    }
    return 0;
}

static void alloc_cross(heap *h, int64_t count) {
    batch_count = count / BATCH;
    pthread_t consumer;
    pthread_create(&consumer, 0, release_batches, 0);
    for (int64_t i = 0; i < batch_count; i++) {
        batch *b = &batches[i % BATCHES];
        wait_until(&b->full, 0);
        for (int j = 0; j < BATCH; j++) {
            b->objects[j] = new_bytes(h, i * BATCH + j);
        }
        __atomic_store_n(&b->full, 1, __ATOMIC_RELEASE); /* pairs with wait_until in the consumer */
    }
    pthread_join(consumer, 0);
}

static void alloc(heap *h, const char *pattern, int64_t count) {
    if (!strcmp(pattern, "lifo1")) {
        for (int64_t i = 0; i < count; i++) {
            object *o = new_bytes(h, i);
            __asm__ volatile("" ::: "memory");
            release(h, o);
        }
    } else if (!strcmp(pattern, "lifo100")) {
        object *window[100];
        for (int64_t i = 0; i < count; i += 100) {
            for (int j = 0; j < 100; j++) {
                window[j] = new_bytes(h, i + j);
            }
            for (int j = 99; j >= 0; j--) {
                release(h, window[j]);
            }
        }
    } else if (!strcmp(pattern, "fifo")) {
        object **window = calloc(FIFO_WINDOW, sizeof *window);
        int at = 0;
        for (int64_t i = 0; i < count; i++) {
            object *o = new_bytes(h, i);
            if (window[at]) {
                release(h, window[at]);
            }
            window[at] = o;
            at = at + 1 == FIFO_WINDOW ? 0 : at + 1;
        }
        for (int i = 0; i < FIFO_WINDOW; i++) {
            if (window[i]) {
                release(h, window[i]);
            }
        }
        free(window);
    } else {
        alloc_cross(h, count);
    }
}

/* ---- W7 chain: a long list, dropped with one release */

static int64_t chain(heap *h, int64_t length) {
    object *head = 0;
    for (int64_t i = 0; i < length; i++) {
        object *node = new_node(h, i);
        if (head) {
            move_in(node, 0, head);
        }
        head = node;
    }
    release(h, head);
    return length;
}

/* ---- the command line */

static uint64_t resident_peak_bytes(void) {
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    unsigned long kilobytes = 0;
    while (status && fgets(line, sizeof line, status)) {
        if (sscanf(line, "VmHWM: %lu kB", &kilobytes) == 1) {
            break;
        }
    }
    if (status) {
        fclose(status);
    }
    return (uint64_t)kilobytes * 1024;
}

int main(int argument_count, char **arguments) {
    if (argument_count < 4) {
        fprintf(stderr, "usage: %s WORKLOAD PARAMETERS... REPETITIONS; see workloads.c\n",
                arguments[0]);
        return 2;
    }
    heap *h = heap_new();
    tree_type = define_type(2, 16);
    node_type = define_type(3, 32);
    entry_type = define_type(4, 48);
    string_type = define_type(0, 0);
    bytes_type = define_type(0, 0);
    const char *workload = arguments[1];
    char **p = arguments + 2;
    int repetitions = atoi(arguments[argument_count - 1]);
    double *cumulated = 0;
    random_state = 7;
    for (int i = 0; i < SIZES; i++) {
        payload_bytes[i] = (int)(32 + 16 * (random_next() % 15));
    }
    if (!strcmp(workload, "lru")) {
        cumulated = malloc(sizeof(double) * (size_t)atol(p[1]));
        double sum = 0;
        for (int64_t i = 0; i < atol(p[1]); i++) {
            cumulated[i] = sum += 1.0 / (double)(i + 1);
        }
    }
    uint64_t heap_bytes = 0;
    for (int r = 0; r < repetitions; r++) {
        int64_t checksum = 0;
        random_state = 42;
        node_counter = 0;
        if (!strcmp(workload, "cycles")) {
            int64_t live = atol(p[2]);
            if (live && !live_table) {
                build_live(h, live);
                for (int64_t i = 1; i < live && !strcmp(p[5], "root"); i++) {
                    release(h, live_table[i]); /* the ring keeps it alive: one root holds all */
                }
            }
            random_state = 42;
        } else if (!strcmp(workload, "mutate")) {
            for (int64_t i = 0; live_table && i < atol(p[0]); i++) {
                release(h, live_table[i]);
            }
            if (live_table) {
                free(live_table);
                collect_all(h);
            }
            build_live(h, atol(p[0]));
            random_state = 42;
        }
        memset(&h->did, 0, sizeof h->did);
        double start = now_millis();
        if (!strcmp(workload, "trees")) {
            checksum = trees(h, atoi(p[0]));
        } else if (!strcmp(workload, "trees-two")) {
            checksum = trees_two(h, atoi(p[0]));
        } else if (!strcmp(workload, "cycles")) {
            checksum = cycles(h, p[0][0], atoi(p[1]), atol(p[2]), atol(p[3]), p[4][0] == 'a');
        } else if (!strcmp(workload, "counts")) {
            counts(h, p[0], atol(p[1]));
        } else if (!strcmp(workload, "mutate")) {
            checksum = mutate(h, atol(p[0]), atol(p[1]));
        } else if (!strcmp(workload, "lru")) {
            checksum = lru(h, atol(p[0]), atol(p[1]), atol(p[2]), cumulated);
        } else if (!strcmp(workload, "alloc")) {
            zero_payload = !strcmp(p[2], "zero");
            alloc(h, p[0], atol(p[1]));
        } else if (!strcmp(workload, "chain")) {
            checksum = chain(h, atol(p[0]));
        } else {
            fprintf(stderr, "unknown workload %s\n", workload);
            return 2;
        }
        double millis = now_millis() - start;
        uint64_t bytes = blocks_resident_bytes();
        heap_bytes = bytes > heap_bytes ? bytes : heap_bytes;
        printf("repetition=%d ms=%.3f checksum=%ld worstBatchMicros=%.0f finalMicros=%.0f "
               "collections=%lu candidates=%lu traced=%lu freed=%lu full=%lu collectMillis=%.1f\n",
               r, millis, (long)checksum, worst_batch_millis * 1e3, final_millis * 1e3,
               h->did.collections, h->did.candidates, h->did.traced, h->did.freed, h->did.full,
               h->did.millis);
        fflush(stdout);
    }
    printf("peakResidentBytes=%lu heapResidentBytes=%lu\n", resident_peak_bytes(), heap_bytes);
    return 0;
}
