"""The workloads in Python, whose cycle collector examines generations of containers.

See ../README.md for what each does and prints. The last argument is the number of repetitions.
"""
import gc
import sys
import time
import weakref
from bisect import bisect_left


class Tree:
    __slots__ = ("left", "right")

    def __init__(self):
        self.left = self.right = None


class Node:
    __slots__ = ("a", "b", "c", "value", "__weakref__")

    def __init__(self, value):
        self.a = self.b = self.c = None
        self.value = value


class Entry:
    __slots__ = ("prev", "next", "text", "key")

    def __init__(self, key=0):
        self.prev = self.next = self.text = None
        self.key = key


random_state = 42
node_counter = 0
live_table = []
one_root = None
targets = []
worst_batch_millis = final_millis = 0.0


def now_millis():
    return time.perf_counter_ns() / 1e6


def random_next():
    global random_state
    random_state = random_state * 48271 % 2147483647
    return random_state


def new_node():
    global node_counter
    node = Node(node_counter)
    node_counter += 1
    return node


# ---- W1 trees


def build_tree(depth):
    node = Tree()
    if depth > 0:
        node.left = build_tree(depth - 1)
        node.right = build_tree(depth - 1)
    return node


def count_nodes(node):
    return 1 + count_nodes(node.left) + count_nodes(node.right) if node.left is not None else 1


def trees(depth):
    nodes = count_nodes(build_tree(depth + 1))
    long_lived = build_tree(depth)
    for each in range(4, depth + 1, 2):
        for _ in range(1 << (depth - each + 4)):
            nodes += count_nodes(build_tree(each))
    return nodes + count_nodes(long_lived)


# ---- W2 cycles


def build_ring(size):
    first = last = new_node()
    for _ in range(size - 1):
        node = new_node()
        last.a = node
        last = node
    last.a = first
    return first


def build_list(size):
    first = last = new_node()
    for _ in range(size - 1):
        node = new_node()
        last.a = node
        node.b = last
        last = node
    return first


def build_parent_tree(index, size):
    if index >= size:
        return None
    node = new_node()
    left = build_parent_tree(2 * index + 1, size)
    if left is not None:
        node.a = left
        left.c = node
    right = build_parent_tree(2 * index + 2, size)
    if right is not None:
        node.b = right
        right.c = node
    return node


def sum_tree(node):
    total = node.value
    if node.a is not None:
        total += sum_tree(node.a)
    if node.b is not None:
        total += sum_tree(node.b)
    return total


def build_live(live):
    global live_table
    live_table = [Node(i) for i in range(live)]
    for i in range(live):
        live_table[i].a = live_table[(i + 1) % live]
        live_table[i].b = live_table[random_next() % live]
        live_table[i].c = live_table[random_next() % live]


def build_walk_drop(shape, size, live, attached):
    total = 0
    if shape == "ring":
        node = structure = build_ring(size)
        for _ in range(size):
            total += node.value
            node = node.a
    elif shape == "list":
        node = structure = build_list(size)
        while node is not None:
            total += node.value
            node = node.a
    else:
        structure = build_parent_tree(0, size)
        total = sum_tree(structure)
    if attached:
        structure.c = targets[random_next() % live]()
    return total


def cycles(shape, size, live, dropped, attached):
    global worst_batch_millis, final_millis
    total = 0
    worst_batch_millis = 0.0
    batch_start = now_millis()
    for i in range(dropped // size):
        total += build_walk_drop(shape, size, live, attached)
        if i % 100 == 99:
            now = now_millis()
            worst_batch_millis = max(worst_batch_millis, now - batch_start)
            batch_start = now
    batch_start = now_millis()
    gc.collect()
    final_millis = now_millis() - batch_start
    return total


# ---- W3 counts: an assignment retains, the next one releases


def counts(pattern, pairs):
    objects = [Node(i) for i in range(1024)]
    mask = 0 if pattern == "one" else 1023
    for i in range(pairs):
        held = objects[i & mask]
        held = None
    return 0


# ---- W4 mutate


def mutate(live, stores):
    total = 0
    for t in range(stores):
        i = random_next() % live
        slot = random_next() % 3
        j = random_next() % live
        node = live_table[i]
        if slot == 0:
            total += node.a.value
            node.a = live_table[j]
        elif slot == 1:
            total += node.b.value
            node.b = live_table[j]
        else:
            total += node.c.value
            node.c = live_table[j]
        if t & 7 == 7:
            fresh = Node(t)
            fresh.a = live_table[random_next() % live]
            fresh.b = live_table[random_next() % live]
            fresh.c = live_table[random_next() % live]
            live_table[random_next() % live] = fresh
    fresh = node = None
    gc.collect()
    return total


# ---- W5 lru: the hash table is Python's own


def lru(capacity, keys, accesses, cumulated):
    table = {}
    head = Entry()
    tail = Entry()
    head.next = tail
    tail.prev = head
    total = 0
    weight = cumulated[-1]
    for _ in range(accesses):
        key = bisect_left(cumulated, random_next() / 2147483647.0 * weight) * 7919 % keys
        entry = table.get(key)
        if entry is not None:
            entry.prev.next = entry.next
            entry.next.prev = entry.prev
            text = entry.text
            total += len(text) + text[0] + text[-1]
        else:
            length = 16 + random_next() % 497
            entry = Entry(key)
            entry.text = bytes([key & 127]) * length
            table[key] = entry
            total += length
        first = head.next
        entry.prev = head
        entry.next = first
        first.prev = entry
        head.next = entry
        if len(table) > capacity:
            victim = tail.prev
            victim.prev.next = tail
            tail.prev = victim.prev
            del table[victim.key]
            victim.prev = victim.next = None
    table = entry = first = victim = head = tail = None
    gc.collect()
    return total


# ---- W7 chain


def chain(length):
    head = None
    for i in range(length):
        node = Node(i)
        node.a = head
        head = node
    node = None
    head = None
    return length


# ---- the command line


def resident_peak_bytes():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def main():
    global random_state, node_counter, live_table, one_root
    workload, p, repetitions = sys.argv[1], sys.argv[2:-1], int(sys.argv[-1])
    sys.setrecursionlimit(10000)
    cumulated = []
    if workload == "lru":
        total = 0.0
        for i in range(int(p[1])):
            total += 1.0 / (i + 1)
            cumulated.append(total)
    for repetition in range(repetitions):
        random_state = 42
        node_counter = 0
        if workload == "cycles":
            live = int(p[2])
            if live > 0 and not targets:
                build_live(live)
                targets.extend(weakref.ref(node) for node in live_table)
                if p[5] == "root":  # the ring keeps the live nodes: one root holds all
                    one_root = live_table[0]
                    live_table = []
            random_state = 42
        elif workload == "mutate":
            live_table = []
            gc.collect()
            build_live(int(p[0]))
            random_state = 42
        start = now_millis()
        if workload == "trees":
            checksum = trees(int(p[0]))
        elif workload == "cycles":
            checksum = cycles(p[0], int(p[1]), int(p[2]), int(p[3]), p[4] == "attached")
        elif workload == "counts":
            checksum = counts(p[0], int(p[1]))
        elif workload == "mutate":
            checksum = mutate(int(p[0]), int(p[1]))
        elif workload == "lru":
            checksum = lru(int(p[0]), int(p[1]), int(p[2]), cumulated)
        elif workload == "chain":
            checksum = chain(int(p[0]))
        else:
            sys.exit("unknown workload " + workload)
        print(
            f"repetition={repetition} ms={now_millis() - start:.3f} checksum={checksum}"
            f" worstBatchMicros={worst_batch_millis * 1000:.0f} finalMicros={final_millis * 1000:.0f}",
            flush=True,
        )
    print(f"peakResidentBytes={resident_peak_bytes()}")


main()
