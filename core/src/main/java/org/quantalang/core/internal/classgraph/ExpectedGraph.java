package org.quantalang.core.internal.classgraph;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The same graph counted on the Java heap, by other means than the off-heap one: adjacency lists of
 * integers, and Kosaraju's two passes instead of Tarjan's one.
 *
 * @param nodes classes, fields and methods
 * @param references strong references between them; names are not counted
 * @param components strongly connected components
 * @param largestComponent nodes in the biggest of them
 */
record ExpectedGraph(int nodes, long references, int components, int largestComponent) {

    static ExpectedGraph of(List<ClassRecord> classes) {
        int[][] targets = adjacency(classes);
        long references = Arrays.stream(targets).mapToLong(list -> list.length).sum();
        int[] sizes = componentSizes(targets);
        return new ExpectedGraph(
                targets.length, references, sizes.length, Arrays.stream(sizes).max().orElse(0));
    }

    /** Node numbers: first all classes in order, then each class's fields and methods. */
    private static int[][] adjacency(List<ClassRecord> classes) {
        Map<String, Integer> numbers = new HashMap<>();
        int memberCount = 0;
        for (ClassRecord type : classes) {
            numbers.put(type.name(), numbers.size());
            memberCount += type.fields().size() + type.methods().size();
        }
        var targets = new int[classes.size() + memberCount][];
        int member = classes.size();
        for (int number = 0; number < classes.size(); number++) {
            ClassRecord type = classes.get(number);
            var list = new ArrayList<Integer>();
            if (type.superclass() != null && numbers.containsKey(type.superclass())) {
                list.add(numbers.get(type.superclass()));
            }
            addKnown(type.interfaces(), numbers, list);
            addKnown(type.mentions(), numbers, list);
            for (List<ClassRecord.Member> members : List.of(type.fields(), type.methods())) {
                for (ClassRecord.Member each : members) {
                    list.add(member);
                    var mentioned = new ArrayList<Integer>();
                    addKnown(each.mentions(), numbers, mentioned);
                    targets[member++] = toArray(mentioned);
                }
            }
            targets[number] = toArray(list);
        }
        return targets;
    }

    private static void addKnown(
            Iterable<String> names, Map<String, Integer> numbers, List<Integer> list) {
        for (String name : names) {
            Integer number = numbers.get(name);
            if (number != null) {
                list.add(number);
            }
        }
    }

    private static int[] toArray(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }

    private static int[] componentSizes(int[][] targets) {
        int[] order = finishingOrder(targets);
        int[][] sources = reversed(targets);
        var assigned = new boolean[targets.length];
        var sizes = new ArrayList<Integer>();
        var pending = new ArrayDeque<Integer>();
        for (int i = order.length - 1; i >= 0; i--) {
            if (assigned[order[i]]) {
                continue;
            }
            int size = 0;
            assigned[order[i]] = true;
            pending.push(order[i]);
            while (!pending.isEmpty()) {
                size++;
                for (int source : sources[pending.pop()]) {
                    if (!assigned[source]) {
                        assigned[source] = true;
                        pending.push(source);
                    }
                }
            }
            sizes.add(size);
        }
        return toArray(sizes);
    }

    private static int[] finishingOrder(int[][] targets) {
        var order = new int[targets.length];
        int finished = 0;
        var seen = new boolean[targets.length];
        var nextTarget = new int[targets.length];
        var path = new ArrayDeque<Integer>();
        for (int start = 0; start < targets.length; start++) {
            if (seen[start]) {
                continue;
            }
            seen[start] = true;
            path.push(start);
            while (!path.isEmpty()) {
                int node = path.peek();
                if (nextTarget[node] == targets[node].length) {
                    order[finished++] = node;
                    path.pop();
                    continue;
                }
                int target = targets[node][nextTarget[node]++];
                if (!seen[target]) {
                    seen[target] = true;
                    path.push(target);
                }
            }
        }
        return order;
    }

    private static int[][] reversed(int[][] targets) {
        var counts = new int[targets.length];
        for (int[] list : targets) {
            for (int target : list) {
                counts[target]++;
            }
        }
        var sources = new int[targets.length][];
        for (int node = 0; node < targets.length; node++) {
            sources[node] = new int[counts[node]];
        }
        for (int node = 0; node < targets.length; node++) {
            for (int target : targets[node]) {
                sources[target][--counts[target]] = node;
            }
        }
        return sources;
    }
}
