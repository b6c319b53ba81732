/*
 * Blocks of memory for objects: 64 KiB pages of one size class each, a free list in each page.
 *
 *   reserved range   | page 0 | page 1 | page 2 | ...        64 KiB each, blocks of one size
 *   page table       | entry  | entry  | entry  | ...        64 bytes each, out of line
 *
 *   allocate   pop the free list of the class's current page; used += 1
 *   free       entry = table[(address - base) / 64 KiB]; push; used -= 1; at 0: page_idle
 *
 * Why this shape is fast:
 *  - a freed block is reused among its neighbours, so a structure that is built and dropped again and
 *    again stays on few pages (one list a class scatters it over the heap in the long run);
 *  - a page that falls empty is carved anew when it is taken again, so its blocks are handed out in
 *    address order once more;
 *  - blocks are carved 4 KiB at a time, just before they are used, while the lines are in the cache;
 *  - one test in `free` finds both the page that is empty and the first free of a full page: a full
 *    page's counter is set to 1 and its true value kept aside;
 *  - the free needs no size: the block goes to the list of the page its address tells.
 *
 * The shape is mimalloc's (Leijen, Zorn, de Moura, 2019), with one list a page for the owner instead
 * of two. With -DTHREADS=1 a page has an owner; a free by another thread is one compare-and-swap
 * onto the page's remote list. The one that finds the list empty also hands the page to its owner,
 * which takes the blocks back when a page of its own runs out.
 *
 * With -DMALLOC=1 the same two functions are malloc and free.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MALLOC
#define MALLOC 0
#endif
#ifndef THREADS
#define THREADS 0
#endif

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define SLOW __attribute__((noinline))

enum {
    PAGE_SHIFT = 16,
    PAGE_BYTES = 1 << PAGE_SHIFT,
    GRANULE = 16,
    CARVE_BYTES = 4096,
    FINE_CLASSES = 64,    /* 16, 32, ... 1024 bytes */
    COARSE_PER_DOUBLE = 8,/* then 8 sizes between powers of two: at most 12.5 % lost */
    CLASSES = FINE_CLASSES + 1 + 4 * COARSE_PER_DOUBLE, /* up to 16 KiB */
    LARGEST_SMALL = 16384
};

typedef struct block { struct block *next; } block;

typedef struct page {
    block *free;
    uint32_t used;        /* live blocks; 1 while the page is full */
    uint32_t used_full;   /* live blocks when it became full; 0 otherwise */
    uint32_t carved;      /* bytes handed to the free list so far */
    uint32_t block_bytes;
    uint32_t size_class;
    uint32_t run_pages;   /* of a large object: pages it takes; 0 for small blocks */
    struct page *next, *prev; /* queue of the class, or the pool */
    block *remote;        /* freed by other threads, not yet taken back */
    struct page *returned_next;
    struct allocator *owner;
} page;

/** What one thread allocates from. */
typedef struct allocator {
    uintptr_t table_bias; /* page table minus the index of the range's first page */
    page *current[CLASSES];
    uint32_t class_bytes[CLASSES];
    page *pool;           /* empty pages, newest first */
    page *runs;           /* freed runs of large objects */
    page *returned;       /* pages with blocks that other threads freed */
    uint64_t pages_in_use;
    void (*grown)(void *); /* called for each page taken: growth paces the collector */
    void *grown_argument;
} allocator;

/* The range that all threads share. */
static uintptr_t range_base, range_next;
static page *page_table;
static page no_page; /* current page of a class that has none: its list is always empty */

enum { RANGE_SHIFT = 36 }; /* 64 GiB of address space */

static void *reserve(size_t bytes) {
    void *at = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);
    if (at == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return at;
}

static void range_reserve(void) {
    uintptr_t raw = (uintptr_t)reserve((1ull << RANGE_SHIFT) + PAGE_BYTES);
    range_base = range_next = (raw + PAGE_BYTES - 1) & -(uintptr_t)PAGE_BYTES;
    page_table = reserve((1ull << (RANGE_SHIFT - PAGE_SHIFT)) * sizeof(page));
}

static unsigned class_of(size_t bytes) {
    if (LIKELY(bytes <= FINE_CLASSES * GRANULE)) {
        return (unsigned)((bytes + GRANULE - 1) / GRANULE);
    }
    unsigned log = 63 - (unsigned)__builtin_clzl(bytes - 1); /* 1024 < bytes: log >= 10 */
    unsigned step = (unsigned)((bytes - 1 - (1ul << log)) >> (log - 3));
    return FINE_CLASSES + 1 + (log - 10) * COARSE_PER_DOUBLE + step;
}

static void allocator_init(allocator *a) {
    memset(a, 0, sizeof *a);
    a->table_bias = (uintptr_t)page_table - (range_base >> PAGE_SHIFT) * sizeof(page);
    for (unsigned c = 0; c < CLASSES; c++) {
        a->current[c] = &no_page;
        a->class_bytes[c] = c <= FINE_CLASSES
            ? c * GRANULE
            : (1024u << ((c - FINE_CLASSES - 1) / COARSE_PER_DOUBLE))
                + (128u << ((c - FINE_CLASSES - 1) / COARSE_PER_DOUBLE))
                    * ((c - FINE_CLASSES - 1) % COARSE_PER_DOUBLE + 1);
    }
}

static inline page *page_of(const allocator *a, const void *at) {
    return (page *)(a->table_bias + ((uintptr_t)at >> PAGE_SHIFT) * sizeof(page));
}

static inline uintptr_t page_start(const page *p) {
    return range_base + ((uintptr_t)(p - page_table) << PAGE_SHIFT);
}

static page *new_pages(unsigned pages) {
    uintptr_t at = __atomic_fetch_add(&range_next, (uintptr_t)pages << PAGE_SHIFT, __ATOMIC_RELAXED);
    if (at + ((uintptr_t)pages << PAGE_SHIFT) > range_base + (1ull << RANGE_SHIFT)) {
        fprintf(stderr, "the heap's address range is used up\n");
        exit(1);
    }
    return &page_table[(at - range_base) >> PAGE_SHIFT];
}

/* ---- small blocks, slow paths */

static void carve(page *p) {
    uintptr_t start = page_start(p) + p->carved, end = page_start(p) + PAGE_BYTES;
    uint32_t bytes = p->block_bytes, count = bytes < CARVE_BYTES ? CARVE_BYTES / bytes : 1;
    uint32_t room = (uint32_t)((end - start) / bytes);
    count = count < room ? count : room;
    uintptr_t at = start;
    for (uint32_t i = 1; i < count; i++, at += bytes) {
        ((block *)at)->next = (block *)(at + bytes);
    }
    ((block *)at)->next = p->free;
    p->free = (block *)start;
    p->carved += count * bytes;
}

static void queue_behind_head(allocator *a, page *p) {
    page *head = a->current[p->size_class];
    if (head == &no_page) {
        p->next = p->prev = 0;
        a->current[p->size_class] = p;
        return;
    }
    p->next = head->next;
    p->prev = head;
    if (head->next) {
        head->next->prev = p;
    }
    head->next = p;
}

/** The head of the class's queue is full: it leaves the queue until its first free. */
static void retire_head(allocator *a, page *p) {
    a->current[p->size_class] = p->next ? p->next : &no_page;
    if (p->next) {
        p->next->prev = 0;
    }
    p->used_full = p->used;
    p->used = 1;
}

static void add_page(allocator *a, unsigned c) {
    page *p = a->pool;
    if (p) {
        a->pool = p->next;
    } else {
        p = new_pages(1);
    }
    p->free = 0;
    p->used = p->used_full = p->carved = p->run_pages = 0;
    p->size_class = c;
    p->block_bytes = a->class_bytes[c];
    p->owner = a;
    a->pages_in_use++;
    queue_behind_head(a, p);
}

static int take_returned(allocator *a);

SLOW static void *block_allocate_slow(allocator *a, unsigned c) {
    for (;;) {
        page *p = a->current[c];
        if (p->free) {
            block *b = p->free;
            p->free = b->next;
            p->used++;
            return b;
        }
        if (p != &no_page && p->carved + p->block_bytes <= PAGE_BYTES) {
            carve(p);
        } else if (p != &no_page) {
            retire_head(a, p);
        } else if (!take_returned(a)) {
            if (a->grown) {
                a->grown(a->grown_argument); /* may free blocks of this class */
            }
            if (a->current[c] == &no_page) {
                add_page(a, c);
            }
        }
    }
}

static void run_free(allocator *a, page *p) {
    p->next = a->runs;
    a->runs = p;
    a->pages_in_use -= p->run_pages;
}

SLOW static void *run_allocate(allocator *a, size_t bytes) {
    uint32_t pages = (uint32_t)((bytes + PAGE_BYTES - 1) >> PAGE_SHIFT);
    page **link = &a->runs;
    while (*link && (*link)->run_pages != pages) {
        link = &(*link)->next; /* freed runs are reused whole; these workloads need no splitting */
    }
    page *p = *link;
    if (p) {
        *link = p->next;
    } else {
        p = new_pages(pages);
    }
    p->run_pages = pages;
    p->used = 1;
    p->used_full = 0;
    p->free = 0;
    p->owner = a;
    a->pages_in_use += pages;
    return (void *)page_start(p);
}

/** The counter reached 0: the page was full and is no more, or it is empty now. */
SLOW static void page_idle(allocator *a, page *p) {
    if (p->run_pages) {
        run_free(a, p);
        return;
    }
    if (p->used_full) {
        p->used = p->used_full - 1;
        p->used_full = 0;
        queue_behind_head(a, p);
    }
    if (p->used == 0 && a->current[p->size_class] != p) {
        p->prev->next = p->next;
        if (p->next) {
            p->next->prev = p->prev;
        }
        p->next = a->pool;
        a->pool = p;
        a->pages_in_use--;
    }
}

/* ---- fast paths */

static inline void *block_allocate(allocator *a, size_t bytes) {
#if MALLOC
    (void)a;
    return malloc(bytes);
#else
    if (__builtin_constant_p(bytes) ? bytes > LARGEST_SMALL : UNLIKELY(bytes > LARGEST_SMALL)) {
        return run_allocate(a, bytes);
    }
    unsigned c = class_of(bytes);
    page *p = a->current[c];
    block *b = p->free;
    if (UNLIKELY(b == 0)) {
        return block_allocate_slow(a, c);
    }
    p->free = b->next;
    p->used++;
    return b;
#endif
}

static inline void block_free_here(allocator *a, page *p, void *at) {
    block *b = at;
    b->next = p->free;
    p->free = b;
    if (UNLIKELY(--p->used == 0)) {
        page_idle(a, p);
    }
}

#if THREADS
SLOW static void block_free_remote(page *p, block *b) {
    block *old = __atomic_load_n(&p->remote, __ATOMIC_RELAXED);
    do {
        b->next = old; /* release: pairs with the exchange in take_returned, the owner sees the link */
    } while (!__atomic_compare_exchange_n(&p->remote, &old, b, 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
    if (old == 0) { /* whoever fills an empty list hands the page over, so once until it is taken */
        allocator *owner = p->owner;
        page *first = __atomic_load_n(&owner->returned, __ATOMIC_RELAXED);
        do {
            p->returned_next = first;
        } while (!__atomic_compare_exchange_n(&owner->returned, &first, p, 1, __ATOMIC_RELEASE,
                                              __ATOMIC_RELAXED));
    }
}

static int take_returned(allocator *a) {
    page *p = __atomic_exchange_n(&a->returned, 0, __ATOMIC_ACQUIRE);
    if (!p) {
        return 0;
    }
    while (p) {
        page *next = p->returned_next; /* read before the list is taken: then it may be set again */
        block *b = __atomic_exchange_n(&p->remote, 0, __ATOMIC_ACQUIRE);
        while (b) {
            block *rest = b->next;
            block_free_here(a, p, b);
            b = rest;
        }
        p = next;
    }
    return 1;
}
#else
static int take_returned(allocator *a) {
    (void)a;
    return 0;
}
#endif

static inline void block_free(allocator *a, void *at) {
#if MALLOC
    (void)a;
    free(at);
#else
    page *p = page_of(a, at);
#if THREADS
    if (UNLIKELY(p->owner != a)) {
        block_free_remote(p, at);
        return;
    }
#endif
    block_free_here(a, p, at);
#endif
}

/** Resident bytes of the range and its table, as the system counts them. */
static uint64_t blocks_resident_bytes(void) {
    FILE *maps = fopen("/proc/self/smaps", "r");
    char line[512];
    uint64_t bytes = 0;
    int ours = 0;
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long from, to, kilobytes;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2 && strchr(line, '-') < strchr(line, ' ')) {
            ours = (range_base >= from && range_base < to)
                || ((uintptr_t)page_table >= from && (uintptr_t)page_table < to);
        } else if (ours && sscanf(line, "Rss: %lu kB", &kilobytes) == 1) {
            bytes += kilobytes * 1024;
        }
    }
    if (maps) {
        fclose(maps);
    }
    return bytes;
}

#endif
