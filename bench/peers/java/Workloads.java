import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * W2 and W4 on the Java heap, for the collectors of the JVM: the same algorithms, random numbers
 * and checksums as the other programs in this folder.
 *
 * <p>No collection is forced at the end: what a JVM's collector leaves for later stays its secret,
 * but for the resident memory.
 */
public final class Workloads {
    private static final long SEED = 42;
    private static final int STRUCTURES_A_BATCH = 100;
    private static final int STORES_A_BATCH = 1024;

    private static final class Node {
        Node a;
        Node b;
        Node c;
        final long value;

        Node(long value) {
            this.value = value;
        }
    }

    private static long random;
    private static long counter;
    private static Node[] live;
    private static long worstBatchNanos;

    /** So that the JIT does not take a structure's allocation away. */
    private static Node dropped;

    private Workloads() {}

    private static long random() {
        random = random * 48271 % 2147483647;
        return random;
    }

    private static Node[] buildLive(int nodes) {
        Node[] table = new Node[nodes];
        for (int i = 0; i < nodes; i++) {
            table[i] = new Node(i);
        }
        for (int i = 0; i < nodes; i++) {
            table[i].a = table[(i + 1) % nodes];
            table[i].b = table[(int) (random() % nodes)];
            table[i].c = table[(int) (random() % nodes)];
        }
        return table;
    }

    // ---- W2 cycles

    private static long cycles(String shape, int size, long nodes, boolean attached) {
        long sum = 0;
        worstBatchNanos = 0;
        long start = System.nanoTime();
        for (long i = 0; i < nodes / size; i++) {
            Node structure = build(shape, size);
            sum += walk(shape, size, structure);
            if (attached) {
                structure.c = live[(int) (random() % live.length)];
            }
            dropped = structure;
            if (i % STRUCTURES_A_BATCH == STRUCTURES_A_BATCH - 1) {
                start = batchEnds(start);
            }
        }
        return sum;
    }

    private static long batchEnds(long start) {
        long now = System.nanoTime();
        worstBatchNanos = Math.max(worstBatchNanos, now - start);
        return now;
    }

    private static Node build(String shape, int size) {
        return switch (shape) {
            case "ring" -> {
                Node first = new Node(counter++);
                Node last = first;
                for (int i = 1; i < size; i++) {
                    last.a = new Node(counter++);
                    last = last.a;
                }
                last.a = first;
                yield first;
            }
            case "list" -> {
                Node first = new Node(counter++);
                Node last = first;
                for (int i = 1; i < size; i++) {
                    Node node = new Node(counter++);
                    last.a = node;
                    node.b = last;
                    last = node;
                }
                yield first;
            }
            default -> buildTree(0, size);
        };
    }

    private static Node buildTree(int index, int size) {
        if (index >= size) {
            return null;
        }
        Node node = new Node(counter++);
        node.a = buildTree(2 * index + 1, size);
        if (node.a != null) {
            node.a.c = node;
        }
        node.b = buildTree(2 * index + 2, size);
        if (node.b != null) {
            node.b.c = node;
        }
        return node;
    }

    private static long walk(String shape, int size, Node structure) {
        if (shape.equals("tree")) {
            return sumTree(structure);
        }
        long sum = 0;
        Node node = structure;
        for (int i = 0; i < size; i++) {
            sum += node.value;
            node = node.a;
        }
        return sum;
    }

    private static long sumTree(Node node) {
        return node.value
                + (node.a == null ? 0 : sumTree(node.a))
                + (node.b == null ? 0 : sumTree(node.b));
    }

    // ---- W4 mutate

    private static long mutate(long stores) {
        long sum = 0;
        worstBatchNanos = 0;
        long start = System.nanoTime();
        for (long i = 0; i < stores; i++) {
            sum += store();
            if ((i & 7) == 7) {
                replace(i);
            }
            if ((i & (STORES_A_BATCH - 1)) == STORES_A_BATCH - 1) {
                start = batchEnds(start);
            }
        }
        return sum;
    }

    private static Node randomNode() {
        return live[(int) (random() % live.length)];
    }

    private static long store() {
        Node node = randomNode();
        long field = random() % 3;
        Node target = randomNode();
        Node old;
        if (field == 0) {
            old = node.a;
            node.a = target;
        } else if (field == 1) {
            old = node.b;
            node.b = target;
        } else {
            old = node.c;
            node.c = target;
        }
        return old.value;
    }

    private static void replace(long value) {
        Node fresh = new Node(value);
        fresh.a = randomNode();
        fresh.b = randomNode();
        fresh.c = randomNode();
        live[(int) (random() % live.length)] = fresh;
    }

    // ---- the command line

    private static void run(String[] arguments, boolean cold) {
        random = SEED;
        counter = 0;
        if (arguments[0].equals("mutate")) {
            live = buildLive(Integer.parseInt(arguments[1]));
        } else if (live == null) {
            live = buildLive(Integer.parseInt(arguments[3]));
        }
        random = SEED;
        long start = System.nanoTime();
        long checksum =
                switch (arguments[0]) {
                    case "cycles" ->
                            cycles(
                                    arguments[1],
                                    Integer.parseInt(arguments[2]),
                                    Long.parseLong(arguments[4]),
                                    arguments[5].equals("attached"));
                    case "mutate" -> mutate(Long.parseLong(arguments[2]));
                    default ->
                            throw new IllegalArgumentException("unknown workload " + arguments[0]);
                };
        double millis = (System.nanoTime() - start) / 1e6;
        System.out.printf(
                Locale.ROOT,
                "ms=%.3f checksum=%d %s=%.0f%n",
                millis,
                checksum,
                cold ? "coldWorstBatchMicros" : "worstBatchMicros",
                worstBatchNanos / 1e3);
    }

    private static long peakResidentBytes() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return 0;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.split("\\s+")[1]) * 1024)
                .sum();
    }

    public static void main(String[] arguments) throws IOException {
        int repetitions = Integer.parseInt(arguments[arguments.length - 1]);
        for (int i = 0; i < repetitions; i++) {
            run(arguments, i == 0);
        }
        System.out.printf("peakResidentBytes=%d%n", peakResidentBytes());
    }
}
