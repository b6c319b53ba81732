/*
 * Synchronous trial deletion (Bacon, Rajan: Concurrent Cycle Collection in Reference Counted
 * Systems, ECOOP 2001, section 3), with explicit stacks.
 *
 *   mark_roots     for each candidate: subtract the references inside its closure (mark_gray)
 *   scan_roots     what still has a count is held from outside: add them back (scan_black);
 *                  the rest becomes white
 *   collect_roots  gather the whites, release their leaf children, free them
 *
 * Where it differs: whites are gathered before the first is freed, since a neighbour's header may
 * still be read; leaf children are released in between.
 *
 * The threshold adapts: half as much again when a collection found little, less when it found much.
 */
#ifndef COLLECTOR_PLAIN_H
#define COLLECTOR_PLAIN_H

#include <time.h>

static double now_millis(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

#ifndef THRESHOLD
#define THRESHOLD 10000
#endif

struct collector {
    list stack, white;
};

static void collector_init(heap *h) {
    h->collector = calloc(1, sizeof(struct collector));
    h->collector->stack = list_new();
    h->collector->white = list_new();
    h->threshold = THRESHOLD;
}

static inline word coloured(word header, word colour) { return (header & ~COLOUR_MASK) | colour; }

static uint64_t mark_gray(list *stack, object *root) {
    uint64_t traced = 0;
    push(stack, root);
    while (stack->size) {
        object *o = pop(stack);
        traced++;
        object **slot = o->slot, **end = slot + type_of(o->header)->slots;
        for (; slot != end; slot++) {
            object *child = *slot;
            if (!child || child->header & ACYCLIC) {
                continue;
            }
            word header = child->header - ONE_STRONG;
            if ((header & COLOUR_MASK) != GRAY) {
                header = coloured(header, GRAY);
                push(stack, child);
            }
            child->header = header;
        }
    }
    return traced;
}

static void scan_black(list *stack, object *root) {
    int64_t bottom = stack->size;
    root->header = coloured(root->header, BLACK);
    push(stack, root);
    while (stack->size != bottom) {
        object *o = pop(stack);
        object **slot = o->slot, **end = slot + type_of(o->header)->slots;
        for (; slot != end; slot++) {
            object *child = *slot;
            if (!child || child->header & ACYCLIC) {
                continue;
            }
            word header = child->header + ONE_STRONG;
            if ((header & COLOUR_MASK) != BLACK) {
                header = coloured(header, BLACK);
                push(stack, child);
            }
            child->header = header;
        }
    }
}

static void scan(list *stack, object *root) {
    push(stack, root);
    while (stack->size) {
        object *o = pop(stack);
        word header = o->header;
        if ((header & COLOUR_MASK) != GRAY) {
            continue;
        }
        if (strong(header)) {
            scan_black(stack, o);
            continue;
        }
        o->header = coloured(header, WHITE);
        object **slot = o->slot, **end = slot + type_of(header)->slots;
        for (; slot != end; slot++) {
            if (*slot && ((*slot)->header & COLOUR_MASK) == GRAY) {
                push(stack, *slot);
            }
        }
    }
}

static void collect_white(list *stack, object *root, list *white) {
    push(stack, root);
    while (stack->size) {
        object *o = pop(stack);
        push(white, o);
        object **slot = o->slot, **end = slot + type_of(o->header)->slots;
        for (; slot != end; slot++) {
            object *child = *slot;
            /* a buffered white is a root of its own: its turn comes */
            if (child && (child->header & (COLOUR_MASK | BUFFERED)) == WHITE) {
                child->header = coloured(child->header, BLACK);
                push(stack, child);
            }
        }
    }
}

static void collect_some(heap *h) {
    double start = now_millis();
    list *stack = &h->collector->stack, *white = &h->collector->white, *roots = &h->roots;
    uint64_t traced = 0, freed = 0;
    h->collecting = 1;
    h->did.candidates += (uint64_t)roots->size;

    int64_t kept = 0;
    for (int64_t i = 0; i < roots->size; i++) {
        object *root = roots->at[i];
        word header = root->header;
        if ((header & COLOUR_MASK) == PURPLE && strong(header)) {
            root->header = coloured(header, GRAY);
            roots->at[kept++] = root;
            traced += mark_gray(stack, root);
        } else {
            /* A gray root may stand at a trial count of 0: only a black one is dead. */
            root->header = header & ~BUFFERED;
            if (!(header & COLOUR_MASK) && !strong(header)) {
                block_free(&h->blocks, root);
                freed++;
            }
        }
    }
    for (int64_t i = 0; i < kept; i++) {
        scan(stack, roots->at[i]);
    }
    for (int64_t i = 0; i < kept; i++) {
        object *root = roots->at[i];
        word header = root->header & ~BUFFERED;
        root->header = header;
        if ((header & COLOUR_MASK) == WHITE) {
            root->header = coloured(header, BLACK);
            collect_white(stack, root, white);
        }
    }
    roots->size = 0;
    for (int64_t i = 0; i < white->size; i++) {
        object *o = white->at[i];
        object **slot = o->slot, **end = slot + type_of(o->header)->slots;
        for (; slot != end; slot++) {
            if (*slot && (*slot)->header & ACYCLIC) {
                release(h, *slot);
            }
        }
    }
    for (int64_t i = 0; i < white->size; i++) {
        block_free(&h->blocks, white->at[i]);
    }
    freed += (uint64_t)white->size;
    white->size = 0;

    h->did.collections++;
    h->did.traced += traced;
    h->did.freed += freed;
    h->did.millis += now_millis() - start;
    h->collecting = 0;
    if (freed * 2 < traced) {
        if (h->threshold < 1 << 24) {
            h->threshold = h->threshold * 3 / 2;
        }
    } else if (h->threshold > THRESHOLD) {
        h->threshold = h->threshold * 2 / 3;
    }
}

static void collect_all(heap *h) {
    collect_some(h); /* traces every candidate's closure: one pass is complete */
}

#endif
