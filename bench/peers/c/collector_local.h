/*
 * A cycle collector that looks near before it looks far, and never changes a count to find out.
 *
 * References into an object from the set that a trace has entered are counted in word B, beside the
 * real count, which stays as it is:
 *
 *  word B  63        32  31        30     29          0
 *         +------------+----------+------+-------------+
 *         |  epoch 32  | expanded | live | in-count 30 |     valid only if the epoch is this trace's
 *         +------------+----------+------+-------------+
 *
 * What it rests on: take any set S of objects, and in(s) = slots of members of S that refer to s.
 * The largest part W of S in which all references to each member come from W is garbage. Objects
 * outside S merely count as holders. So a trace may stop anywhere, leave out anything, or be given
 * up, and can never free a live object; an abandoned trace needs no undoing.
 *
 *   local    one candidate: first enter what is dominated (in == strong), then, when nothing is, the
 *            oldest object whose references are not all explained; done as soon as no entered
 *            object has an unexplained reference. Garbage that points into a live graph reads the
 *            header of the live object once and looks no further.
 *   joint    what local left open, root by root with one sum of unexplained references; sum 0 means
 *            all garbage. Otherwise the objects with in == strong are suspects: their references are
 *            counted among themselves (or among all, if they are many), liveness spreads from those
 *            with unexplained ones, the rest is garbage.
 *   old      objects a joint trace found live are marked OLD and not entered again, except
 *            dominated ones. The mark is a hint: no barrier keeps it right.
 *   full     a joint trace of all candidates that leaves out nothing. It runs when the work of the
 *            others has earned it, or the heap has grown.
 *
 * Complete by one rule: a candidate leaves the buffers only if it was freed, or if its whole closure
 * was traced with nothing left out and it is held from outside it.
 */
#ifndef COLLECTOR_LOCAL_H
#define COLLECTOR_LOCAL_H

#include <time.h>

static double now_millis(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

#ifndef THRESHOLD
#define THRESHOLD 32     /* candidates a collection; small, so that what died is still in the cache */
#endif
#define LOCAL_OBJECTS 48 /* objects a local trace enters without their being dominated */
#define FULL_SHARE 0.25  /* of the other traces' work, granted to full ones */
#define GROWTH_PAGES 16  /* pages taken between collections at most */
#define GROWTH_BYTES (4 << 20)

#define EXPANDED ((word)1 << 31)
#define LIVE ((word)1 << 30)
#define IN_MASK (((word)1 << 30) - 1)
#define PREFETCH(a) __builtin_prefetch((a), 1)

struct collector {
    list set, boundary, leaves, open, work, spare_roots, old_roots;
    uint32_t epoch;
    double credit;            /* work earned towards a full trace, in objects */
    uint64_t full_cost;       /* objects the last full trace entered */
    uint64_t pages_after_full;
    int64_t local_credit;     /* local traces that fail are tried less */
    int64_t old_credit, old_seen, old_period;
    int64_t dead_old;         /* dead objects whose block the old buffer still holds */
    int64_t sweep_at;
    int pages_since;
};

static inline uint32_t epoch_of(word trace) { return (uint32_t)((uint64_t)trace >> 32); }
static inline word in_epoch(uint32_t epoch) { return (word)((uint64_t)epoch << 32); }

static void grown(void *h);

static void collector_init(heap *h) {
    struct collector *c = calloc(1, sizeof *c);
    h->collector = c;
    list *all[] = {&c->set, &c->boundary, &c->leaves, &c->open, &c->work, &c->spare_roots,
                   &c->old_roots};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        *all[i] = list_new();
    }
    c->local_credit = 4096;
    c->old_credit = 64;
    c->old_period = 1;
    h->threshold = THRESHOLD;
    h->blocks.grown = grown;
    h->blocks.grown_argument = h;
}

/* ---- buffers */

static void to_old_buffer(heap *h, object *o) {
    word header = o->header & ~(BUFFERED | COLOUR_MASK);
    if (!(header & OLD_BUFFERED)) {
        header |= OLD_BUFFERED;
        push(&h->collector->old_roots, o);
    }
    o->header = header;
}

/** References from dead objects went away: the target may be garbage now. */
static inline void lost_references(heap *h, object *o, word header) {
    if (header & OLD) {
        if (!(header & OLD_BUFFERED)) {
            o->header = header | OLD_BUFFERED;
            push(&h->collector->old_roots, o);
        }
    } else if ((header & COLOUR_MASK) != PURPLE) {
        o->header = header | PURPLE | BUFFERED;
        if (!(header & BUFFERED)) {
            push(&h->roots, o);
        }
    }
}

static inline void release_from_dead(heap *h, object *o) {
    word header = o->header, after = header - ONE_STRONG;
    if (after < ONE_STRONG) {
        last_reference(h, o, header);
        return;
    }
    o->header = after;
    if (!(after & ACYCLIC)) {
        lost_references(h, o, after);
    }
}

/** A buffer lets go of an object that died in it. */
static inline void unbuffer_dead(heap *h, object *o, word flag) {
    o->header &= ~flag;
    if (!(o->header & HELD)) {
        block_free(&h->blocks, o);
    }
}

static inline void free_garbage(heap *h, object *o) {
    word header = o->header;
    if (header & (BUFFERED | OLD_BUFFERED)) {
        o->header = header & ~(COLOUR_MASK | STRONG_MASK);
        if (header & OLD_BUFFERED) {
            h->collector->dead_old++;
        }
    } else {
        block_free(&h->blocks, o);
    }
}

/* ---- local traces */

enum outcome { OPEN, FREED, HELD_OUTSIDE };

static enum outcome local(heap *h, object *candidate, int64_t budget, int leave_out_old) {
    struct collector *c = h->collector;
    uint32_t epoch = ++c->epoch;
    word tag = in_epoch(epoch);
    object **set = c->set.at, **boundary = c->boundary.at, **leaves = c->leaves.at;
    int64_t in_set = 0, entered = 0, in_boundary = 0, tried = 0, in_leaves = 0;
    int left_out = 0;
    uint64_t unexplained = strong(candidate->header);
    set[in_set++] = candidate;
    candidate->trace = tag | EXPANDED;
    for (;;) {
        while (entered < in_set) {
            object *o = set[entered++];
            object **slot = o->slot, **end = slot + type_of(o->header)->slots;
            for (; slot != end; slot++) {
                object *child = *slot;
                if (!child) {
                    continue;
                }
                word header = child->header;
                if (UNLIKELY(header & ACYCLIC)) {
                    leaves[in_leaves++] = child;
                    continue;
                }
                word trace = child->trace;
                if (epoch_of(trace) == epoch) {
                    child->trace = ++trace;
                    if (trace & EXPANDED) {
                        unexplained--;
                    } else if ((uint64_t)(trace & IN_MASK) == strong(header)) {
                        child->trace = trace | EXPANDED;
                        set[in_set++] = child;
                    }
                } else if (strong(header) == 1) {
                    child->trace = tag | EXPANDED | 1;
                    set[in_set++] = child;
                } else {
                    child->trace = tag | 1;
                    boundary[in_boundary++] = child;
                }
            }
        }
        if (unexplained == 0) {
            break;
        }
        if (in_set >= budget) {
            left_out = 1;
            goto open;
        }
        for (;;) { /* nothing is dominated: enter the oldest that is not explained */
            if (tried == in_boundary) {
                goto open;
            }
            object *o = boundary[tried++];
            if (o->trace & EXPANDED) {
                continue;
            }
            if (leave_out_old && (o->header & OLD)) {
                left_out = 1;
                continue;
            }
            unexplained += strong(o->header) - (uint64_t)(o->trace & IN_MASK);
            o->trace |= EXPANDED;
            set[in_set++] = o;
            break;
        }
    }
    h->did.traced += (uint64_t)in_set;
    h->did.freed += (uint64_t)in_set;
    if (c->local_credit < 4096) {
        c->local_credit += 4 * in_set;
    }
    for (int64_t i = 0; i < in_boundary; i++) {
        object *o = boundary[i];
        word trace = o->trace;
        if (!(trace & EXPANDED)) {
            word header = o->header - ((trace & IN_MASK) << STRONG_SHIFT);
            o->header = header;
            o->trace = trace | EXPANDED;
            lost_references(h, o, header);
        }
    }
    for (int64_t i = 0; i < in_leaves; i++) {
        release_from_dead(h, leaves[i]);
    }
    for (int64_t i = 0; i < in_set; i++) {
        free_garbage(h, set[i]);
    }
    return FREED;

open:
    h->did.traced += (uint64_t)in_set;
    if (budget > 1 && c->local_credit > -64) {
        c->local_credit -= in_set;
    }
    return !left_out && (uint64_t)(candidate->trace & IN_MASK) < strong(candidate->header)
        ? HELD_OUTSIDE
        : OPEN;
}

/* ---- joint traces */

static inline void prefetch_children(object *o) {
    object **slot = o->slot, **end = slot + type_of(o->header)->slots;
    for (; slot != end; slot++) {
        if (*slot) {
            PREFETCH(*slot);
        }
    }
}

/** Counts in-references over `set`, which it fills with the closure of the roots. */
static uint64_t enter_closure(heap *h, list *roots, list *set, uint32_t epoch, int full,
                              uint64_t *outside, uint64_t *left_out) {
    word tag = in_epoch(epoch);
    uint64_t unexplained = 0;
    int64_t entered = 0;
    set->size = 0;
    for (int64_t r = 0; r < roots->size; r++) { /* one closure after the other keeps neighbours near */
        object *root = roots->at[r];
        if (r + 8 < roots->size) {
            PREFETCH(roots->at[r + 8]);
        }
        word header = root->header;
        if (!strong(header)) {
            roots->at[r] = 0;
            unbuffer_dead(h, root, BUFFERED | (full ? OLD_BUFFERED : 0));
            continue;
        }
        if (epoch_of(root->trace) == epoch) {
            continue;
        }
        root->trace = tag;
        push(set, root);
        unexplained += strong(header);
        for (; entered < set->size; entered++) {
            if (entered + 16 < set->size) {
                PREFETCH(set->at[entered + 16]);
            }
            if (entered + 6 < set->size) {
                prefetch_children(set->at[entered + 6]);
            }
            object *o = set->at[entered];
            object **slot = o->slot, **end = slot + type_of(o->header)->slots;
            for (; slot != end; slot++) {
                object *child = *slot;
                if (!child) {
                    continue;
                }
                word trace = child->trace;
                if (epoch_of(trace) == epoch) {
                    child->trace = trace + 1;
                    unexplained--;
                    continue;
                }
                word w = child->header;
                if (w & ACYCLIC) {
                    ++*outside;
                } else if (!full && (w & OLD) && strong(w) != 1) {
                    ++*outside;
                    ++*left_out;
                } else {
                    child->trace = tag | 1;
                    push(set, child);
                    unexplained += strong(w) - 1;
                }
            }
        }
    }
    return unexplained;
}

static inline int suspect(const object *o) {
    return (uint64_t)(o->trace & IN_MASK) == strong(o->header);
}

/** Spreads liveness from the members with unexplained references; `work` is a stack. */
static void spread_live(list *members, uint32_t epoch, list *work) {
    for (int64_t i = 0; i < members->size; i++) {
        object *o = members->at[i];
        if ((o->trace & LIVE) || suspect(o)) {
            continue;
        }
        o->trace |= LIVE;
        push(work, o);
        while (work->size) {
            object *live = pop(work);
            object **slot = live->slot, **end = slot + type_of(live->header)->slots;
            for (; slot != end; slot++) {
                if (*slot) {
                    word trace = (*slot)->trace;
                    if (epoch_of(trace) == epoch && !(trace & LIVE)) {
                        (*slot)->trace = trace | LIVE;
                        push(work, *slot);
                    }
                }
            }
        }
    }
}

/** Puts the garbage among the members of `set` into `garbage`; returns the epoch of its counts. */
static uint32_t separate(struct collector *c, list *set, uint32_t epoch, list *garbage) {
    int64_t suspects = 0;
    for (int64_t i = 0; i < set->size; i++) {
        if (i + 16 < set->size) {
            PREFETCH(set->at[i + 16]);
        }
        suspects += suspect(set->at[i]);
    }
    garbage->size = 0;
    if (suspects == 0) {
        return epoch;
    }
    if (suspects >= set->size - suspects) {
        spread_live(set, epoch, &c->work);
        for (int64_t i = 0; i < set->size; i++) {
            if (!(set->at[i]->trace & LIVE)) {
                push(garbage, set->at[i]);
            }
        }
        return epoch;
    }
    /* Few suspects: count again among themselves only, instead of spreading from all the live. */
    for (int64_t i = 0; i < set->size; i++) {
        if (suspect(set->at[i])) {
            push(garbage, set->at[i]);
        }
    }
    epoch = ++c->epoch;
    for (int64_t i = 0; i < garbage->size; i++) {
        garbage->at[i]->trace = in_epoch(epoch);
    }
    for (int64_t i = 0; i < garbage->size; i++) {
        if (i + 12 < garbage->size) {
            PREFETCH(garbage->at[i + 12]);
        }
        object *o = garbage->at[i];
        object **slot = o->slot, **end = slot + type_of(o->header)->slots;
        for (; slot != end; slot++) {
            if (*slot && epoch_of((*slot)->trace) == epoch) {
                (*slot)->trace++;
            }
        }
    }
    spread_live(garbage, epoch, &c->work);
    int64_t kept = 0;
    for (int64_t i = 0; i < garbage->size; i++) {
        if (!(garbage->at[i]->trace & LIVE)) {
            garbage->at[kept++] = garbage->at[i];
        }
    }
    garbage->size = kept;
    return epoch;
}

static inline int in_garbage(const object *o, uint32_t epoch) {
    return epoch_of(o->trace) == epoch && !(o->trace & LIVE);
}

/** Traces many candidates together; `full` leaves out nothing. */
static void joint(heap *h, list *roots, int full) {
    struct collector *c = h->collector;
    uint32_t epoch = ++c->epoch;
    uint64_t outside = 0, left_out = 0;
    list *set = &c->set, *garbage = set;
    uint64_t unexplained = enter_closure(h, roots, set, epoch, full, &outside, &left_out);
    int64_t members = set->size;
    h->did.traced += (uint64_t)members;
    if (full) {
        c->full_cost = (uint64_t)members;
    }
    if (unexplained) {
        garbage = &c->boundary;
        epoch = separate(c, set, epoch, garbage);
    }
    if (garbage->size == 0) {
        epoch = ++c->epoch; /* no member may look like garbage below */
    }
    if (garbage->size < members) {
        for (int64_t i = 0; i < members; i++) {
            if (!in_garbage(set->at[i], epoch)) {
                set->at[i]->header |= OLD;
            }
        }
    }
    for (int64_t i = 0; i < roots->size; i++) {
        object *root = roots->at[i];
        if (!root) {
            continue;
        }
        word header = root->header;
        if (in_garbage(root, epoch)) {
            root->header = header & ~(BUFFERED | (full ? OLD_BUFFERED : 0));
        } else if (left_out) {
            to_old_buffer(h, root);
        } else {
            root->header = header & ~(BUFFERED | COLOUR_MASK | (full ? OLD_BUFFERED : 0));
        }
    }
    h->did.freed += (uint64_t)garbage->size;
    if (unexplained || outside) {
        for (int64_t i = 0; i < garbage->size; i++) {
            object *o = garbage->at[i];
            object **slot = o->slot, **end = slot + type_of(o->header)->slots;
            for (; slot != end; slot++) {
                object *child = *slot;
                if (!child || in_garbage(child, epoch)) {
                    continue;
                }
                if (full && !(child->header & ACYCLIC)) {
                    child->header -= ONE_STRONG; /* this trace proved it live: no candidate */
                } else {
                    release_from_dead(h, child);
                }
            }
        }
    }
    for (int64_t i = 0; i < garbage->size; i++) {
        free_garbage(h, garbage->at[i]);
    }
    set->size = 0;
    c->boundary.size = 0;
}

/** A complete trace of every candidate in either buffer. */
static void full_trace(heap *h) {
    struct collector *c = h->collector;
    list *all = &c->open;
    all->size = 0;
    for (int64_t i = 0; i < c->old_roots.size; i++) {
        object *o = c->old_roots.at[i];
        if (o->header & BUFFERED) {
            o->header &= ~OLD_BUFFERED; /* in both buffers: once is enough */
        } else {
            push(all, o);
        }
    }
    for (int64_t i = 0; i < h->roots.size; i++) {
        push(all, h->roots.at[i]);
    }
    c->old_roots.size = h->roots.size = 0;
    c->dead_old = c->sweep_at = 0;
    joint(h, all, 1);
    c->credit = 0;
    c->pages_after_full = h->blocks.pages_in_use;
    h->did.full++;
}

/* ---- collections */

/** Tries an old candidate's near surroundings only while that pays. */
static int old_worth_trying(struct collector *c) {
    return c->old_credit > 0 || ++c->old_seen % c->old_period == 0;
}

static enum outcome try_local(heap *h, object *o) {
    struct collector *c = h->collector;
    if (!(o->header & OLD)) {
        if (c->local_credit <= 0) {
            c->local_credit++;
        }
        return local(h, o, c->local_credit > 0 ? LOCAL_OBJECTS : 1, 1);
    }
    c->old_credit--;
    enum outcome found = local(h, o, LOCAL_OBJECTS, 0);
    if (found == FREED) {
        c->old_period = 1;
        if (c->old_credit < 1024) {
            c->old_credit += 8;
        }
    } else if (c->old_credit <= 0 && c->old_period < 1024) {
        c->old_period *= 2;
    }
    return found;
}

static void candidates_traced(heap *h) {
    struct collector *c = h->collector;
    list roots = h->roots;
    h->roots = c->spare_roots; /* frees make new candidates meanwhile */
    h->roots.size = 0;
    c->open.size = 0;
    h->did.candidates += (uint64_t)roots.size;
    for (int64_t i = 0; i < roots.size; i++) {
        object *o = roots.at[i];
        if (i + 3 < roots.size) {
            PREFETCH(roots.at[i + 3]);
        }
        word header = o->header;
        if (!strong(header)) {
            unbuffer_dead(h, o, BUFFERED);
            continue;
        }
        if ((header & COLOUR_MASK) != PURPLE) { /* found live by a full trace, untouched since */
            o->header = header & ~(BUFFERED | COLOUR_MASK);
            continue;
        }
        int old = (header & OLD) != 0;
        if (old && !old_worth_trying(c)) {
            to_old_buffer(h, o);
            o->header |= PURPLE; /* stays purple: no further events until a full trace */
            continue;
        }
        o->header = header & ~BUFFERED;
        enum outcome found = try_local(h, o);
        if (found == FREED) {
            continue;
        }
        if (found == HELD_OUTSIDE) {
            o->header = header & ~(BUFFERED | COLOUR_MASK);
            continue;
        }
        o->header = header;
        if (old) {
            to_old_buffer(h, o);
        } else {
            push(&c->open, o);
        }
    }
    roots.size = 0;
    c->spare_roots = roots;
    if (c->open.size) {
        joint(h, &c->open, 0);
    }
}

/** Frees the blocks of objects that died while in the old buffer, a few at a time. */
static void sweep_old_buffer(heap *h, int steps) {
    struct collector *c = h->collector;
    for (; steps > 0 && c->dead_old > 0 && c->old_roots.size; steps--) {
        if (c->sweep_at >= c->old_roots.size) {
            c->sweep_at = 0;
        }
        object *o = c->old_roots.at[c->sweep_at];
        if (strong(o->header)) {
            c->sweep_at++;
        } else {
            unbuffer_dead(h, o, OLD_BUFFERED);
            c->old_roots.at[c->sweep_at] = pop(&c->old_roots);
            c->dead_old--;
        }
    }
}

static void collect_some(heap *h) {
    double start = now_millis();
    struct collector *c = h->collector;
    h->collecting = 1;
    uint64_t traced = h->did.traced;
    candidates_traced(h);
    if (c->dead_old > c->old_roots.size / 8) {
        sweep_old_buffer(h, 128);
    }
    c->credit += FULL_SHARE * (double)(h->did.traced - traced);
    uint64_t pages = h->blocks.pages_in_use;
    if (c->pages_after_full == 0) {
        c->pages_after_full = pages;
    }
    int earned = c->credit > 3.0 * (double)c->full_cost + 4096;
    int grew = pages > 2 * c->pages_after_full
        + (GROWTH_BYTES >> PAGE_SHIFT);
    if (c->old_roots.size && (earned || grew)) {
        full_trace(h);
    }
    h->collecting = 0;
    h->did.collections++;
    h->did.millis += now_millis() - start;
    h->threshold = h->roots.size + THRESHOLD;
}

static void collect_all(heap *h) {
    double start = now_millis();
    struct collector *c = h->collector;
    h->collecting = 1;
    candidates_traced(h);
    while (c->old_roots.size + h->roots.size) {
        full_trace(h);
    }
    h->collecting = 0;
    h->did.collections++;
    h->did.millis += now_millis() - start;
    h->threshold = THRESHOLD;
}

/** Few candidates can hold much garbage, so growth paces the collector too. */
static void grown(void *argument) {
    heap *h = argument;
    if (!h->collecting && ++h->collector->pages_since >= GROWTH_PAGES && h->roots.size) {
        h->collector->pages_since = 0;
        collect_some(h);
    }
}

#endif
