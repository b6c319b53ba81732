package org.quantalang.memory.internal.type;

import org.quantalang.memory.TypeInfo;
import org.quantalang.memory.TypeInfo.DeclaredType;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which types can be part of a cycle: those from which a chain of declared reference types leads
 * back to themselves.
 *
 * <p>A declared name that no type has yet leads nowhere, since no object of it can exist; a field
 * of any type leads to all types. Registering a type can therefore make others cyclic, never the
 * reverse.
 */
final class Cyclicity {
    private List<TypeInfo> types = new ArrayList<>();
    private BitSet cyclic = new BitSet();

    Cyclicity() {}

    boolean cyclic(int position) {
        return cyclic.get(position);
    }

    boolean[] verdicts() {
        boolean[] verdicts = new boolean[types.size()];
        for (int i = 0; i < verdicts.length; i++) {
            verdicts[i] = cyclic.get(i);
        }
        return verdicts;
    }

    /** The verdicts with more types; this one stays as it is. */
    Cyclicity with(List<TypeInfo> more) {
        Cyclicity result = new Cyclicity();
        result.types = new ArrayList<>(types);
        result.types.addAll(more);
        result.cyclic = (BitSet) cyclic.clone();
        int[][] targets = result.targets();
        int[][] sources = invert(targets);
        for (int fresh = types.size(); fresh < result.types.size(); fresh++) {
            // A new cycle passes through a new type: it is what leads to it and is led to by it.
            BitSet ahead = reach(fresh, targets);
            if (ahead.get(fresh)) {
                ahead.and(reach(fresh, sources));
                result.cyclic.or(ahead);
            }
        }
        return result;
    }

    void become(Cyclicity other) {
        types = other.types;
        cyclic = other.cyclic;
    }

    private int[][] targets() {
        Map<String, Integer> positions = new HashMap<>();
        for (int i = 0; i < types.size(); i++) {
            positions.put(types.get(i).name(), i);
        }
        int[][] targets = new int[types.size()][];
        for (int i = 0; i < targets.length; i++) {
            BitSet reached = new BitSet();
            for (DeclaredType declared : types.get(i).referencedTypes()) {
                if (declared.isAny()) {
                    reached.set(0, types.size());
                    break;
                }
                Integer position = positions.get(declared.name());
                if (position != null) {
                    reached.set(position);
                }
            }
            targets[i] = reached.stream().toArray();
        }
        return targets;
    }

    private static int[][] invert(int[][] targets) {
        BitSet[] sources = new BitSet[targets.length];
        for (int i = 0; i < sources.length; i++) {
            sources[i] = new BitSet();
        }
        for (int from = 0; from < targets.length; from++) {
            for (int to : targets[from]) {
                sources[to].set(from);
            }
        }
        int[][] result = new int[targets.length][];
        for (int i = 0; i < result.length; i++) {
            result[i] = sources[i].stream().toArray();
        }
        return result;
    }

    /** What a chain of at least one step reaches. */
    private static BitSet reach(int start, int[][] steps) {
        BitSet reached = new BitSet();
        Deque<Integer> open = new ArrayDeque<>();
        open.push(start);
        while (!open.isEmpty()) {
            for (int next : steps[open.pop()]) {
                if (!reached.get(next)) {
                    reached.set(next);
                    open.push(next);
                }
            }
        }
        return reached;
    }
}
