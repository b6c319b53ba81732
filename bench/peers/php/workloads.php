<?php
// The workloads in PHP, whose cycle collector is synchronous Bacon-Rajan. See ../README.md for what
// each does and prints. The last argument is the number of repetitions.
declare(strict_types=1);

final class Tree
{
    public ?Tree $left = null;
    public ?Tree $right = null;
}

final class Node
{
    public ?Node $a = null;
    public ?Node $b = null;
    public ?Node $c = null;

    public function __construct(public int $value)
    {
    }
}

final class Entry
{
    public ?Entry $prev = null;
    public ?Entry $next = null;
    public string $text = '';
    public int $key = 0;
}

$randomState = 42;
$nodeCounter = 0;
$liveTable = [];
$oneRoot = null;
$worstBatchMillis = 0.0;
$finalMillis = 0.0;

function nowMillis(): float
{
    return hrtime(true) / 1e6;
}

function randomNext(): int
{
    global $randomState;
    return $randomState = $randomState * 48271 % 2147483647;
}

// ---- W1 trees

function buildTree(int $depth): Tree
{
    $node = new Tree();
    if ($depth > 0) {
        $node->left = buildTree($depth - 1);
        $node->right = buildTree($depth - 1);
    }
    return $node;
}

function countNodes(Tree $node): int
{
    return $node->left !== null ? 1 + countNodes($node->left) + countNodes($node->right) : 1;
}

function trees(int $depth): int
{
    $nodes = countNodes(buildTree($depth + 1));
    $longLived = buildTree($depth);
    for ($each = 4; $each <= $depth; $each += 2) {
        for ($i = 0, $n = 1 << ($depth - $each + 4); $i < $n; $i++) {
            $nodes += countNodes(buildTree($each));
        }
    }
    return $nodes + countNodes($longLived);
}

// ---- W2 cycles

function buildRing(int $size): Node
{
    global $nodeCounter;
    $first = $last = new Node($nodeCounter++);
    for ($i = 1; $i < $size; $i++) {
        $node = new Node($nodeCounter++);
        $last->a = $node;
        $last = $node;
    }
    $last->a = $first;
    return $first;
}

function buildList(int $size): Node
{
    global $nodeCounter;
    $first = $last = new Node($nodeCounter++);
    for ($i = 1; $i < $size; $i++) {
        $node = new Node($nodeCounter++);
        $last->a = $node;
        $node->b = $last;
        $last = $node;
    }
    return $first;
}

function buildParentTree(int $index, int $size): ?Node
{
    global $nodeCounter;
    if ($index >= $size) {
        return null;
    }
    $node = new Node($nodeCounter++);
    $left = buildParentTree(2 * $index + 1, $size);
    if ($left !== null) {
        $node->a = $left;
        $left->c = $node;
    }
    $right = buildParentTree(2 * $index + 2, $size);
    if ($right !== null) {
        $node->b = $right;
        $right->c = $node;
    }
    return $node;
}

function sumTree(Node $node): int
{
    return $node->value + ($node->a !== null ? sumTree($node->a) : 0)
        + ($node->b !== null ? sumTree($node->b) : 0);
}

function buildLive(int $live): void
{
    global $liveTable;
    $liveTable = [];
    for ($i = 0; $i < $live; $i++) {
        $liveTable[] = new Node($i);
    }
    for ($i = 0; $i < $live; $i++) {
        $liveTable[$i]->a = $liveTable[($i + 1) % $live];
        $liveTable[$i]->b = $liveTable[randomNext() % $live];
        $liveTable[$i]->c = $liveTable[randomNext() % $live];
    }
}

function buildWalkDrop(string $shape, int $size, int $live, bool $attached, array $targets): int
{
    $sum = 0;
    if ($shape === 'ring') {
        $node = $structure = buildRing($size);
        for ($i = 0; $i < $size; $i++) {
            $sum += $node->value;
            $node = $node->a;
        }
    } elseif ($shape === 'list') {
        $structure = buildList($size);
        for ($node = $structure; $node !== null; $node = $node->a) {
            $sum += $node->value;
        }
    } else {
        $structure = buildParentTree(0, $size);
        $sum = sumTree($structure);
    }
    if ($attached) {
        // A weak map of targets is not needed: what the live graph holds is always reachable.
        $structure->c = $targets[randomNext() % $live]->get();
    }
    return $sum;
}

function cycles(string $shape, int $size, int $live, int $dropped, bool $attached, array $targets): int
{
    global $worstBatchMillis, $finalMillis;
    $sum = 0;
    $worstBatchMillis = 0.0;
    $batchStart = nowMillis();
    for ($i = 0, $n = intdiv($dropped, $size); $i < $n; $i++) {
        $sum += buildWalkDrop($shape, $size, $live, $attached, $targets);
        if ($i % 100 === 99) {
            $now = nowMillis();
            $worstBatchMillis = max($worstBatchMillis, $now - $batchStart);
            $batchStart = $now;
        }
    }
    $batchStart = nowMillis();
    gc_collect_cycles();
    $finalMillis = nowMillis() - $batchStart;
    return $sum;
}

// ---- W3 counts: an assignment retains, the next one releases

function counts(string $pattern, int $pairs): void
{
    $objects = [];
    for ($i = 0; $i < 1024; $i++) {
        $objects[] = new Node($i);
    }
    $mask = $pattern === 'one' ? 0 : 1023;
    for ($i = 0; $i < $pairs; $i++) {
        $held = $objects[$i & $mask];
        $held = null;
    }
}

// ---- W4 mutate

function mutate(int $live, int $stores): int
{
    global $liveTable;
    $sum = 0;
    for ($t = 0; $t < $stores; $t++) {
        $i = randomNext() % $live;
        $slot = randomNext() % 3;
        $j = randomNext() % $live;
        $node = $liveTable[$i];
        if ($slot === 0) {
            $sum += $node->a->value;
            $node->a = $liveTable[$j];
        } elseif ($slot === 1) {
            $sum += $node->b->value;
            $node->b = $liveTable[$j];
        } else {
            $sum += $node->c->value;
            $node->c = $liveTable[$j];
        }
        if (($t & 7) === 7) {
            $fresh = new Node($t);
            $fresh->a = $liveTable[randomNext() % $live];
            $fresh->b = $liveTable[randomNext() % $live];
            $fresh->c = $liveTable[randomNext() % $live];
            $liveTable[randomNext() % $live] = $fresh;
        }
    }
    $fresh = $node = null;
    gc_collect_cycles();
    return $sum;
}

// ---- W5 lru: the hash table is PHP's own

function lru(int $capacity, int $keys, int $accesses, array $cumulated): int
{
    $table = [];
    $head = new Entry();
    $tail = new Entry();
    $head->next = $tail;
    $tail->prev = $head;
    $sum = 0;
    $last = count($cumulated) - 1;
    $total = $cumulated[$last];
    for ($t = 0; $t < $accesses; $t++) {
        $u = randomNext() / 2147483647.0 * $total;
        $low = 0;
        $high = $last;
        while ($low < $high) {
            $middle = ($low + $high) >> 1;
            if ($cumulated[$middle] < $u) {
                $low = $middle + 1;
            } else {
                $high = $middle;
            }
        }
        $key = $low * 7919 % $keys;
        $entry = $table[$key] ?? null;
        if ($entry !== null) {
            $entry->prev->next = $entry->next;
            $entry->next->prev = $entry->prev;
            $text = $entry->text;
            $length = strlen($text);
            $sum += $length + ord($text[0]) + ord($text[$length - 1]);
        } else {
            $length = 16 + randomNext() % 497;
            $entry = new Entry();
            $entry->key = $key;
            $entry->text = str_repeat(chr($key & 127), $length);
            $table[$key] = $entry;
            $sum += $length;
        }
        $first = $head->next;
        $entry->prev = $head;
        $entry->next = $first;
        $first->prev = $entry;
        $head->next = $entry;
        if (count($table) > $capacity) {
            $victim = $tail->prev;
            $victim->prev->next = $tail;
            $tail->prev = $victim->prev;
            unset($table[$victim->key]);
            $victim->prev = $victim->next = null;
        }
    }
    $table = $entry = $first = $victim = $head = $tail = null;
    gc_collect_cycles();
    return $sum;
}

// ---- the command line

function residentPeakBytes(): int
{
    return preg_match('/VmHWM:\s+(\d+)/', file_get_contents('/proc/self/status'), $found)
        ? 1024 * (int) $found[1] : 0;
}

$workload = $argv[1];
$p = array_slice($argv, 2, -1);
$repetitions = (int) $argv[$argc - 1];
$cumulated = [];
$targets = [];
if ($workload === 'lru') {
    $sum = 0.0;
    for ($i = 0; $i < (int) $p[1]; $i++) {
        $sum += 1.0 / ($i + 1);
        $cumulated[] = $sum;
    }
}
for ($repetition = 0; $repetition < $repetitions; $repetition++) {
    $checksum = 0;
    $randomState = 42;
    $nodeCounter = 0;
    if ($workload === 'cycles') {
        $live = (int) $p[2];
        if ($live > 0 && $targets === []) {
            buildLive($live);
            foreach ($liveTable as $node) {
                $targets[] = WeakReference::create($node);
            }
            $node = null;
            if ($p[5] === 'root') { // the ring keeps the live nodes: one root holds all
                $oneRoot = $liveTable[0];
                $liveTable = [];
            }
        }
        $randomState = 42;
    } elseif ($workload === 'mutate') {
        $liveTable = [];
        gc_collect_cycles();
        buildLive((int) $p[0]);
        $randomState = 42;
    }
    $start = nowMillis();
    match ($workload) {
        'trees' => $checksum = trees((int) $p[0]),
        'cycles' => $checksum = cycles($p[0], (int) $p[1], (int) $p[2], (int) $p[3], $p[4] === 'attached', $targets),
        'counts' => counts($p[0], (int) $p[1]),
        'mutate' => $checksum = mutate((int) $p[0], (int) $p[1]),
        'lru' => $checksum = lru((int) $p[0], (int) $p[1], (int) $p[2], $cumulated),
    };
    printf("repetition=%d ms=%.3f checksum=%d worstBatchMicros=%.0f finalMicros=%.0f\n", $repetition,
        nowMillis() - $start, $checksum, $worstBatchMillis * 1000, $finalMillis * 1000);
}
printf("peakResidentBytes=%d\n", residentPeakBytes());
