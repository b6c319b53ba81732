package org.quantalang.core.internal.classgraph;

import org.quantalang.memory.CollectionResult;
import org.quantalang.memory.ConfinedHeap;
import org.quantalang.memory.HeapConfig;
import org.quantalang.scheduler.ExecutorConfig;
import org.quantalang.scheduler.JoinHandle;
import org.quantalang.scheduler.Poll;
import org.quantalang.scheduler.TaskExecutor;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The main job from end to end: tasks read all class files of the running JDK; this thread, the
 * owner of a heap, hosts them off heap, asks the graph, sorts the names through C, and takes the
 * graph down module by module until nothing is left.
 */
public final class ClassGraphDemo {
    private static final int SHOWN_CLASSES = 5;

    /** How long a call of the collector takes; a program could go on in between. */
    private static final Duration SLICE = Duration.ofMillis(1);

    private final Steps steps;

    /** Told how far the job is; on the thread that runs it. */
    @FunctionalInterface
    public interface Steps {
        /**
         * Some of a step is done.
         *
         * @param step what is being done, for a person
         * @param done how much of it
         * @param total how much in all
         */
        void at(String step, long done, long total);
    }

    /** A class and how many references lead to it. */
    public record Referenced(String name, int references) {}

    /** What counting and the collector freed, and what is left. */
    private record TakenDown(long collected, long collectorNanos, long longestPauseNanos) {}

    private ClassGraphDemo(Steps steps) {
        this.steps = steps;
    }

    /**
     * Does the job.
     *
     * @param steps told how far it is
     * @return what it found; check {@link Report#ok}
     * @throws IOException if a class file cannot be read
     * @throws InterruptedException if the thread is interrupted while tasks read
     */
    public static Report run(Steps steps) throws IOException, InterruptedException {
        return new ClassGraphDemo(steps).run();
    }

    private Report run() throws IOException, InterruptedException {
        long started = System.nanoTime();
        List<ClassRecord> records = readAll();
        ExpectedGraph expected = ExpectedGraph.of(records);
        long read = System.nanoTime();

        // Collections run where this job asks for them, so that their share can be told apart.
        HeapConfig config = HeapConfig.DEFAULT.withAutomaticCollection(false);
        try (ConfinedHeap heap = ConfinedHeap.open(config)) {
            int total = records.size();
            OffHeapGraph graph =
                    OffHeapGraph.host(heap, records, done -> steps.at("hosting", done, total));
            long objects = heap.liveObjects();
            long bytes = heap.liveBytes();
            long hosted = System.nanoTime();

            OffHeapComponents walk = OffHeapComponents.of(graph);
            List<Referenced> mostReferenced = mostReferenced(graph, walk.referrers());
            boolean sorted = NameOrder.sortThroughC(graph, graph.classes());
            long asked = System.nanoTime();

            TakenDown down = takeDown(heap, graph);
            heap.verify();
            return new Report(
                    total,
                    graph.fieldCount(),
                    graph.methodCount(),
                    objects,
                    walk.references(),
                    bytes,
                    graph.retains(),
                    graph.releases(),
                    objects - heap.liveObjects() - down.collected(),
                    down.collected(),
                    down.collectorNanos(),
                    down.longestPauseNanos(),
                    heap.liveObjects(),
                    heap.liveBytes(),
                    walk.largest(),
                    walk.components(),
                    expected.references(),
                    expected.largestComponent(),
                    expected.components(),
                    walk.membersOfOtherClasses(),
                    sorted,
                    mostReferenced,
                    new Report.Times(
                            read - started,
                            hosted - read,
                            asked - hosted,
                            System.nanoTime() - asked));
        }
    }

    private List<ClassRecord> readAll() throws IOException, InterruptedException {
        List<ModuleImage.Batch> batches = ModuleImage.ofThisJdk().batches();
        var records = new ArrayList<ClassRecord>();
        // The first failure is thrown; nobody asks for the others.
        ExecutorConfig config = ExecutorConfig.defaults().withFailureHandler((_, _) -> {});
        try (TaskExecutor executor = TaskExecutor.start(config)) {
            var handles = new ArrayList<JoinHandle<List<ClassRecord>>>();
            for (ModuleImage.Batch batch : batches) {
                handles.add(executor.spawn(_ -> Poll.ready(ModuleImage.read(batch))));
            }
            try {
                for (JoinHandle<List<ClassRecord>> handle : handles) {
                    records.addAll(handle.join());
                    steps.at("reading class files", records.size(), 0);
                }
            } finally {
                handles.forEach(JoinHandle::cancel); // if one failed, nobody wants the others
            }
        }
        return records;
    }

    private static List<Referenced> mostReferenced(
            OffHeapGraph graph, Map<Long, Integer> referrers) {
        return referrers.entrySet().stream()
                .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .limit(SHOWN_CLASSES)
                .map(entry -> new Referenced(graph.nameOf(entry.getKey()), entry.getValue()))
                .toList();
    }

    private TakenDown takeDown(ConfinedHeap heap, OffHeapGraph graph) {
        List<String> modules = ModuleOrder.dependentsFirst(graph.modules());
        long collected = 0;
        long nanos = 0;
        long longest = 0;
        for (int i = 0; i < modules.size(); i++) {
            graph.drop(modules.get(i));
            boolean complete;
            do {
                CollectionResult result = heap.collectCycles(SLICE);
                collected += result.freedObjects();
                nanos += result.nanos();
                longest = Math.max(longest, result.nanos());
                complete = result.complete();
            } while (!complete);
            steps.at("dropping modules", i + 1, modules.size());
        }
        return new TakenDown(collected, nanos, longest);
    }
}
