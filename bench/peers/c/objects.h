/*
 * Reference-counted objects: a 16-byte header in front of the slots.
 *
 *  byte   0            8            16
 *         +------------+------------+------+------+- - -+- - - - -
 *         |   word A   |   word B   | slot | slot |     | data
 *         +------------+------------+------+------+- - -+- - - - -
 *
 *  word A  63        36 35      26 25        16 15         0
 *         +------------+----------+------------+------------+
 *         | strong  28 | weak  10 | flags  10  | type    16 |
 *         +------------+----------+------------+------------+
 *  word B  the collector's; of a dead object: the next of the work list
 *
 * The same widths and the same work as the Java heap: strong on top, so that one signed compare
 * tells the usual release from the last one; saturation instead of wrap-around; a table of types; a
 * dead object's block stays while a candidate buffer or a weak reference holds the header.
 *
 * Release never recurses: dead objects are linked through word B and one loop takes them.
 *
 * -DATOMIC=1 makes counts atomic (retain relaxed; release with release order, and acquire before
 * the object is taken apart). Otherwise counts are plain and one thread owns the heap.
 *
 * The collector is chosen by -DCOLLECTOR: 1 plain (collector_plain.h), 2 local (collector_local.h).
 */
#ifndef OBJECTS_H
#define OBJECTS_H

#include "blocks.h"

#ifndef ATOMIC
#define ATOMIC 0
#endif
#ifndef COLLECTOR
#define COLLECTOR 1
#endif

typedef int64_t word;

typedef struct object {
    word header;
    union {
        word trace;
        struct object *next_dead;
    };
    struct object *slot[];
} object;

#define STRONG_SHIFT 36
#define ONE_STRONG ((word)1 << STRONG_SHIFT)
#define STRONG_MASK (~(ONE_STRONG - 1))
#define WEAK_MASK ((word)0x3ff << 26)
#define TYPE_MASK 0xffff
#define COLOUR_MASK ((word)3 << 16)
#define BLACK ((word)0)
#define GRAY ((word)1 << 16)
#define PURPLE ((word)2 << 16)
#define WHITE ((word)3 << 16)
#define BUFFERED ((word)1 << 18)
#define ACYCLIC ((word)1 << 19)
#define OLD ((word)1 << 22)
#define OLD_BUFFERED ((word)1 << 23)
#define HELD (WEAK_MASK | BUFFERED | OLD_BUFFERED) /* any of these keeps a dead object's block */

typedef struct type {
    word header;         /* word A of a fresh object */
    uint32_t slots;      /* references, at the start of the payload */
    uint32_t size_bytes; /* payload; 0: given at each allocation */
} type;

static type types[TYPE_MASK + 1];
static unsigned type_count;

static unsigned define_type(uint32_t slots, uint32_t size_bytes) {
    unsigned id = ++type_count;
    types[id].slots = slots;
    types[id].size_bytes = size_bytes;
    types[id].header = ONE_STRONG | (slots ? 0 : ACYCLIC) | id;
    return id;
}

static inline const type *type_of(word header) { return &types[header & TYPE_MASK]; }
static inline uint64_t strong(word header) { return (uint64_t)header >> STRONG_SHIFT; }

struct heap;
typedef struct statistics {
    uint64_t collections, candidates, traced, freed, full;
    double millis;
} statistics;

/** A growing array in reserved address space: it costs only the memory it touched. */
typedef struct list {
    object **at;
    int64_t size;
} list;

static list list_new(void) { return (list){reserve(1ull << 33), 0}; }
static inline void push(list *l, object *o) { l->at[l->size++] = o; }
static inline object *pop(list *l) { return l->at[--l->size]; }

typedef struct heap {
    allocator blocks;
    list roots; /* candidates: their count fell to non-zero */
    int64_t threshold;
    int collecting;
    statistics did;
    struct collector *collector;
} heap;

static void collector_init(heap *h);
static void collect_some(heap *h); /* the buffer is full */
static void collect_all(heap *h);  /* complete */

static heap *heap_new(void) {
    if (!range_base) {
        range_reserve();
    }
    heap *h = calloc(1, sizeof *h);
    allocator_init(&h->blocks);
    h->roots = list_new();
    collector_init(h);
    return h;
}

/* ---- allocation */

static inline object *allocate_bytes(heap *h, unsigned id, size_t payload_bytes) {
    object *o = block_allocate(&h->blocks, sizeof(object) + payload_bytes);
    o->header = types[id].header;
    o->trace = 0;
    return o;
}

/** A fresh object whose slots are null; other payload is not initialised. */
static inline object *allocate(heap *h, unsigned id, uint32_t slots, size_t payload_bytes) {
    object *o = allocate_bytes(h, id, payload_bytes);
    for (uint32_t i = 0; i < slots; i++) {
        o->slot[i] = 0;
    }
    return o;
}

/* ---- counting */

SLOW static void retain_unusual(word header) {
    if (header >= 0) {
        fprintf(stderr, "retain of a dead object: header=0x%lx\n", (long)header);
        abort();
    } /* otherwise pinned: never counted again */
}

static inline void retain(object *o) {
#if ATOMIC
    __atomic_fetch_add(&o->header, ONE_STRONG, __ATOMIC_RELAXED);
#else
    word header = o->header;
    if (UNLIKELY(header < ONE_STRONG)) {
        retain_unusual(header);
        return;
    }
    o->header = header + ONE_STRONG;
#endif
}

static inline void last_reference(heap *h, object *o, word header);

SLOW static void candidate(heap *h, object *o) {
#if ATOMIC
    word before = __atomic_fetch_or(&o->header, PURPLE | BUFFERED, __ATOMIC_RELAXED);
#else
    word before = o->header;
    o->header = (before & ~COLOUR_MASK) | PURPLE | BUFFERED;
#endif
    if (!(before & BUFFERED)) {
        push(&h->roots, o);
    }
}

static inline void release(heap *h, object *o) {
#if ATOMIC
    word before = __atomic_fetch_sub(&o->header, ONE_STRONG, __ATOMIC_RELEASE);
    word after = before - ONE_STRONG;
#else
    word before = o->header, after = before - ONE_STRONG;
#endif
    if (after < ONE_STRONG) {
        last_reference(h, o, before);
        return;
    }
#if !ATOMIC
    o->header = after;
#endif
    if (UNLIKELY(!(after & (PURPLE | ACYCLIC)))) {
        candidate(h, o);
        if (h->roots.size >= h->threshold && !h->collecting) {
            collect_some(h);
        }
    }
}

/** One reference less, from inside the release loop or a collection: nothing is freed here. */
static inline object *drop(heap *h, object *o, object *dead) {
#if ATOMIC
    word after = __atomic_fetch_sub(&o->header, ONE_STRONG, __ATOMIC_RELEASE) - ONE_STRONG;
    int last = strong(after) == 0;
#else
    word after = o->header - ONE_STRONG;
    int last = after < ONE_STRONG;
    if (UNLIKELY(after < 0)) {
        return dead; /* pinned */
    }
    o->header = after;
#endif
    if (last) {
#if ATOMIC
        (void)__atomic_load_n(&o->header, __ATOMIC_ACQUIRE);
#endif
        o->next_dead = dead;
        return o;
    }
    if (UNLIKELY(!(after & (PURPLE | ACYCLIC)))) {
        candidate(h, o);
    }
    return dead;
}

static inline void free_unless_held(heap *h, object *o) {
    word header = o->header;
    if (UNLIKELY(header & HELD)) {
        o->header = header & ~COLOUR_MASK;
        return;
    }
    block_free(&h->blocks, o);
}

/** Frees an object without references and all that only it held. */
SLOW static void take_apart(heap *h, object *first) {
    object *dead = first;
    first->next_dead = 0;
    do {
        object *o = dead;
        dead = o->next_dead;
        object **slot = o->slot, **end = slot + type_of(o->header)->slots;
        for (; slot != end; slot++) {
            if (*slot) {
                dead = drop(h, *slot, dead);
            }
        }
        free_unless_held(h, o);
    } while (dead);
}

SLOW static void release_unusual(word header) {
    if (header >= 0) {
        fprintf(stderr, "release of a dead object: header=0x%lx\n", (long)header);
        abort();
    } /* otherwise pinned: never counted again */
}

static inline void last_reference(heap *h, object *o, word before) {
    if (UNLIKELY(before < ONE_STRONG)) {
        release_unusual(before);
        return;
    }
#if ATOMIC
    (void)__atomic_load_n(&o->header, __ATOMIC_ACQUIRE); /* sees the writes of earlier owners */
#endif
    if (type_of(before)->slots == 0 && !(before & HELD)) {
        block_free(&h->blocks, o); /* a leaf: the header need not even be written */
        return;
    }
#if !ATOMIC
    o->header = before - ONE_STRONG;
#endif
    take_apart(h, o);
}

/* ---- slots */

/** Stores a reference that the caller owns into a fresh slot. */
static inline void move_in(object *o, int i, object *value) { o->slot[i] = value; }

/** Stores a further reference into a fresh slot. */
static inline void share_in(object *o, int i, object *value) {
    retain(value);
    o->slot[i] = value;
}

static inline void set_slot(heap *h, object *o, int i, object *value) {
    object *old = o->slot[i];
    if (value) {
        retain(value);
    }
    o->slot[i] = value;
    if (old) {
        release(h, old);
    }
}

#if COLLECTOR == 2
#include "collector_local.h"
#else
#include "collector_plain.h"
#endif

#endif
