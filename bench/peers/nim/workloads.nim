## The workloads in Nim, whose reference counting is the nearest relative: ORC collects cycles, ARC
## does not. See ../README.md for what each does and prints.
import std/[monotimes, os, strutils]

type
  Tree = ref object
    left, right: Tree
  Node = ref object
    a, b, c: Node
    value: int
  Entry = ref object
    chain, prev, next: Entry
    text: string
    key: int

const Buckets = 131072

var
  randomState = 42
  nodeCounter = 0
  liveTable: seq[Node]
  oneRoot: Node
  worstBatchMillis, finalMillis: float

proc nowMillis(): float = float(getMonoTime().ticks) / 1e6

proc randomNext(): int {.inline.} =
  randomState = randomState * 48271 mod 2147483647
  randomState

proc collectAll() =
  when defined(gcOrc): GC_fullCollect()

# ---- W1 trees

proc buildTree(depth: int): Tree =
  result = Tree()
  if depth > 0:
    result.left = buildTree(depth - 1)
    result.right = buildTree(depth - 1)

proc countNodes(tree: Tree): int =
  if tree.left != nil: 1 + countNodes(tree.left) + countNodes(tree.right) else: 1

proc buildCountDrop(depth: int): int = countNodes(buildTree(depth))

proc trees(depth: int): int =
  result = buildCountDrop(depth + 1)
  let longLived = buildTree(depth)
  var each = 4
  while each <= depth:
    for _ in 0 ..< (1 shl (depth - each + 4)): result += buildCountDrop(each)
    each += 2
  result += countNodes(longLived)

# ---- W2 cycles

proc newNode(): Node {.inline.} =
  result = Node(value: nodeCounter)
  inc nodeCounter

proc buildRing(size: int): Node =
  result = newNode()
  var last = result
  for _ in 1 ..< size:
    let node = newNode()
    last.a = node
    last = node
  last.a = result

proc buildList(size: int): Node =
  result = newNode()
  var last = result
  for _ in 1 ..< size:
    let node = newNode()
    last.a = node
    node.b = last
    last = node

proc buildParentTree(index, size: int): Node =
  if index >= size: return nil
  result = newNode()
  let left = buildParentTree(2 * index + 1, size)
  if left != nil:
    result.a = left
    left.c = result
  let right = buildParentTree(2 * index + 2, size)
  if right != nil:
    result.b = right
    right.c = result

proc sumTree(node: Node): int =
  result = node.value
  if node.a != nil: result += sumTree(node.a)
  if node.b != nil: result += sumTree(node.b)

proc buildLive(live: int) =
  liveTable = newSeq[Node](live)
  for i in 0 ..< live: liveTable[i] = Node(value: i)
  for i in 0 ..< live:
    liveTable[i].a = liveTable[(i + 1) mod live]
    liveTable[i].b = liveTable[randomNext() mod live]
    liveTable[i].c = liveTable[randomNext() mod live]

proc buildWalkDrop(shape: char, size, live: int, attached: bool, targets: ptr UncheckedArray[pointer]): int =
  var structure: Node
  case shape
  of 'r':
    structure = buildRing(size)
    var node {.cursor.} = structure
    for _ in 0 ..< size:
      result += node.value
      node = node.a
  of 'l':
    structure = buildList(size)
    var node {.cursor.} = structure
    while node != nil:
      result += node.value
      node = node.a
  else:
    structure = buildParentTree(0, size)
    result = sumTree(structure)
  if attached:
    structure.c = cast[Node](targets[randomNext() mod live])

proc cycles(shape: char, size, live, dropped: int, attached: bool, targets: ptr UncheckedArray[pointer]): int =
  worstBatchMillis = 0
  var batchStart = nowMillis()
  for i in 0 ..< dropped div size:
    result += buildWalkDrop(shape, size, live, attached, targets)
    if i mod 100 == 99:
      let now = nowMillis()
      worstBatchMillis = max(worstBatchMillis, now - batchStart)
      batchStart = now
  batchStart = nowMillis()
  collectAll()
  finalMillis = nowMillis() - batchStart

# ---- W3 counts: a store into a global retains the new value and releases the old

var globalSlot: Node

proc counts(pattern: string, pairs: int) =
  var objects = newSeq[Node](1024)
  for i in 0 ..< 1024: objects[i] = Node(value: i)
  let mask = if pattern == "one": 0 else: 1023
  for i in 0 ..< pairs: globalSlot = objects[i and mask]
  globalSlot = nil

# ---- W4 mutate

proc mutate(live, stores: int): int =
  for t in 0 ..< stores:
    let i = randomNext() mod live
    let slot = randomNext() mod 3
    let j = randomNext() mod live
    let node {.cursor.} = liveTable[i]
    case slot
    of 0:
      result += node.a.value
      node.a = liveTable[j]
    of 1:
      result += node.b.value
      node.b = liveTable[j]
    else:
      result += node.c.value
      node.c = liveTable[j]
    if (t and 7) == 7:
      var fresh = Node(value: t)
      fresh.a = liveTable[randomNext() mod live]
      fresh.b = liveTable[randomNext() mod live]
      fresh.c = liveTable[randomNext() mod live]
      liveTable[randomNext() mod live] = fresh
  collectAll()

# ---- W5 lru

proc zipf(cumulated: seq[float]): int =
  let u = float(randomNext()) / 2147483647.0 * cumulated[^1]
  var low = 0
  var high = cumulated.len - 1
  while low < high:
    let middle = (low + high) shr 1
    if cumulated[middle] < u: low = middle + 1 else: high = middle
  low

proc linkBehind(head, entry: Entry) =
  let first = head.next
  entry.prev = head
  entry.next = first
  first.prev = entry
  head.next = entry

proc lru(capacity, keys, accesses: int, cumulated: seq[float]): int =
  var buckets = newSeq[Entry](Buckets)
  var entries = 0
  var head = Entry()
  var tail = Entry()
  head.next = tail
  tail.prev = head
  for _ in 0 ..< accesses:
    let key = zipf(cumulated) * 7919 mod keys
    let bucket = key and (Buckets - 1)
    var found {.cursor.} = buckets[bucket]
    while found != nil and found.key != key: found = found.chain
    if found != nil:
      let entry = found
      entry.prev.next = entry.next
      entry.next.prev = entry.prev
      linkBehind(head, entry)
      result += entry.text.len + ord(entry.text[0]) + ord(entry.text[^1])
    else:
      let length = 16 + randomNext() mod 497
      let entry = Entry(key: key, text: repeat(chr(key and 127), length))
      entry.chain = buckets[bucket]
      buckets[bucket] = entry
      linkBehind(head, entry)
      result += length
      inc entries
      if entries > capacity:
        dec entries
        let victim = tail.prev
        let before = victim.prev
        before.next = tail
        tail.prev = before
        let at = victim.key and (Buckets - 1)
        if buckets[at] == victim:
          buckets[at] = victim.chain
        else:
          var link {.cursor.} = buckets[at]
          while link.chain != victim: link = link.chain
          link.chain = victim.chain
        victim.prev = nil
        victim.next = nil
        victim.chain = nil
  head = nil
  tail = nil
  buckets.setLen(0)
  collectAll()

# ---- W7 chain

proc chain(length: int): int =
  var head: Node
  for i in 0 ..< length: head = Node(value: i, a: head)
  head = nil
  length

# ---- the command line

proc residentPeakBytes(): int =
  for line in lines("/proc/self/status"):
    if line.startsWith("VmHWM:"): return parseInt(line.splitWhitespace()[1]) * 1024

let arguments = commandLineParams()
let workload = arguments[0]
let p = arguments[1 ..^ 2]
var cumulated: seq[float]
var targets: ptr UncheckedArray[pointer]
if workload == "lru":
  var sum = 0.0
  for i in 0 ..< parseInt(p[1]):
    sum += 1.0 / float(i + 1)
    cumulated.add sum

for repetition in 0 ..< parseInt(arguments[^1]):
  var checksum = 0
  randomState = 42
  nodeCounter = 0
  if workload == "cycles":
    let live = parseInt(p[2])
    if live > 0 and targets == nil:
      buildLive(live)
      targets = cast[ptr UncheckedArray[pointer]](alloc(live * sizeof(pointer)))
      for i in 0 ..< live: targets[i] = cast[pointer](liveTable[i])
      if p[5] == "root": # the ring keeps the live nodes: one root holds all
        oneRoot = liveTable[0]
        liveTable = @[]
    randomState = 42
  elif workload == "mutate":
    liveTable = @[]
    collectAll()
    buildLive(parseInt(p[0]))
    randomState = 42
  let start = nowMillis()
  case workload
  of "trees": checksum = trees(parseInt(p[0]))
  of "cycles": checksum = cycles(p[0][0], parseInt(p[1]), parseInt(p[2]), parseInt(p[3]), p[4] == "attached", targets)
  of "counts": counts(p[0], parseInt(p[1]))
  of "mutate": checksum = mutate(parseInt(p[0]), parseInt(p[1]))
  of "lru": checksum = lru(parseInt(p[0]), parseInt(p[1]), parseInt(p[2]), cumulated)
  of "chain": checksum = chain(parseInt(p[0]))
  else: quit("unknown workload " & workload, 2)
  echo "repetition=", repetition, " ms=", formatFloat(nowMillis() - start, ffDecimal, 3), " checksum=", checksum,
    " worstBatchMicros=", int(worstBatchMillis * 1000), " finalMicros=", int(finalMillis * 1000)
echo "peakResidentBytes=", residentPeakBytes()
