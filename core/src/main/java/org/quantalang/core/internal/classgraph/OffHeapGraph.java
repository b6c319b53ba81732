package org.quantalang.core.internal.classgraph;

import org.quantalang.memory.ConfinedHeap;
import org.quantalang.memory.TypeInfo;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * The class graph as objects of a heap.
 *
 * <pre>
 *  Class  name, superclass, interfaces[], mentions[], fields[], methods[]     -> strong
 *  Field, Method  name, mentions[] -> strong;  owner -> weak
 * </pre>
 *
 * <p>One strong reference to each class is held by its module's list here, and nothing else is held
 * from outside: when a module is dropped, its classes live on only as far as others refer to them.
 *
 * <p>Owner thread of the heap only.
 */
final class OffHeapGraph {
    private static final TypeInfo NAME = TypeInfo.byteArray();
    private static final TypeInfo CLASSES = TypeInfo.referenceArray("Class[]", "Class");
    private static final TypeInfo FIELDS = TypeInfo.referenceArray("Field[]", "Field");
    private static final TypeInfo METHODS = TypeInfo.referenceArray("Method[]", "Method");
    private static final TypeInfo FIELD = memberType("Field");
    private static final TypeInfo METHOD = memberType("Method");
    private static final TypeInfo CLASS =
            TypeInfo.builder("Class")
                    .reference("name", NAME)
                    .reference("superclass", "Class")
                    .reference("interfaces", CLASSES)
                    .reference("mentions", CLASSES)
                    .reference("fields", FIELDS)
                    .reference("methods", METHODS)
                    .int32("index")
                    .int32("lowLink")
                    .build();

    private static final long CLASS_NAME = CLASS.offset("name");
    private static final long SUPERCLASS = CLASS.offset("superclass");
    private static final long INTERFACES = CLASS.offset("interfaces");
    private static final long CLASS_MENTIONS = CLASS.offset("mentions");
    private static final long CLASS_FIELDS = CLASS.offset("fields");
    private static final long CLASS_METHODS = CLASS.offset("methods");
    private static final long CLASS_INDEX = CLASS.offset("index");

    private static final long MEMBER_NAME = FIELD.offset("name");
    private static final long MEMBER_MENTIONS = FIELD.offset("mentions");
    private static final long MEMBER_OWNER = FIELD.offset("owner");
    private static final long MEMBER_INDEX = FIELD.offset("index");

    private final ConfinedHeap heap;
    private final Map<String, long[]> modules = new LinkedHashMap<>();
    private final List<Long> classes = new ArrayList<>();
    private long fieldCount;
    private long methodCount;
    private long retains;
    private long releases;

    private OffHeapGraph(ConfinedHeap heap) {
        this.heap = heap;
    }

    private static TypeInfo memberType(String name) {
        return TypeInfo.builder(name)
                .reference("name", NAME)
                .reference("mentions", CLASSES)
                .weakReference("owner", "Class")
                .int32("index")
                .int32("lowLink")
                .build();
    }

    /**
     * Hosts the classes that the records describe; names of classes that are not among them are
     * left out.
     *
     * @param progress told the number of classes linked so far
     */
    static OffHeapGraph host(ConfinedHeap heap, List<ClassRecord> records, IntConsumer progress) {
        var graph = new OffHeapGraph(heap);
        heap.register(CLASSES, FIELDS, METHODS, FIELD, METHOD, CLASS);
        Map<String, Long> byName = graph.createClasses(records);
        for (int i = 0; i < records.size(); i++) {
            graph.link(graph.classes.get(i), records.get(i), byName);
            progress.accept(i + 1);
        }
        return graph;
    }

    private Map<String, Long> createClasses(List<ClassRecord> records) {
        var byName = new HashMap<String, Long>();
        var perModule = new LinkedHashMap<String, List<Long>>();
        for (ClassRecord each : records) {
            long type = heap.allocate(CLASS);
            give(type, CLASS_NAME, string(each.name()));
            classes.add(type);
            byName.put(each.name(), type);
            perModule.computeIfAbsent(each.module(), _ -> new ArrayList<>()).add(type);
        }
        perModule.forEach(
                (module, list) ->
                        modules.put(module, list.stream().mapToLong(Long::longValue).toArray()));
        return byName;
    }

    private void link(long type, ClassRecord file, Map<String, Long> byName) {
        Long superclass = file.superclass() == null ? null : byName.get(file.superclass());
        if (superclass != null) {
            refer(type, SUPERCLASS, superclass);
        }
        give(type, INTERFACES, classArray(file.interfaces(), byName));
        give(type, CLASS_MENTIONS, classArray(file.mentions(), byName));
        give(type, CLASS_FIELDS, memberArray(FIELDS, FIELD, type, file.fields(), byName));
        give(type, CLASS_METHODS, memberArray(METHODS, METHOD, type, file.methods(), byName));
        fieldCount += file.fields().size();
        methodCount += file.methods().size();
    }

    private long classArray(Iterable<String> names, Map<String, Long> byName) {
        var known = new ArrayList<Long>();
        for (String name : names) {
            Long type = byName.get(name);
            if (type != null) {
                known.add(type);
            }
        }
        long array = heap.allocateArray(CLASSES, known.size());
        for (int i = 0; i < known.size(); i++) {
            refer(array, ConfinedHeap.elementOffset(i), known.get(i));
        }
        return array;
    }

    private long memberArray(
            TypeInfo arrayType,
            TypeInfo memberType,
            long owner,
            List<ClassRecord.Member> members,
            Map<String, Long> byName) {
        long array = heap.allocateArray(arrayType, members.size());
        for (int i = 0; i < members.size(); i++) {
            ClassRecord.Member each = members.get(i);
            long member = heap.allocate(memberType);
            give(member, MEMBER_NAME, string(each.name()));
            give(member, MEMBER_MENTIONS, classArray(each.mentions(), byName));
            heap.setWeakReference(member, MEMBER_OWNER, owner);
            give(array, ConfinedHeap.elementOffset(i), member);
        }
        return array;
    }

    /** The bytes of the name and a closing zero, so that C can read it too. */
    private long string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return heap.allocateBytes(Arrays.copyOf(bytes, bytes.length + 1));
    }

    /** Stores a reference and keeps the caller's own. */
    private void refer(long holder, long offset, long target) {
        heap.setReference(holder, offset, target);
        retains++;
    }

    /** Moves the caller's own reference into the field. */
    private void give(long holder, long offset, long target) {
        heap.moveReference(holder, offset, target);
    }

    private void release(long object) {
        heap.release(object);
        releases++;
    }

    // ---- questions

    List<Long> classes() {
        return classes;
    }

    long fieldCount() {
        return fieldCount;
    }

    long methodCount() {
        return methodCount;
    }

    /** References this graph has taken by itself. */
    long retains() {
        return retains;
    }

    /** References this graph has dropped by itself; the heap drops the rest with their holders. */
    long releases() {
        return releases;
    }

    String nameOf(long type) {
        byte[] bytes = heap.bytesOf(heap.getReference(type, CLASS_NAME));
        return new String(bytes, 0, bytes.length - 1, StandardCharsets.UTF_8);
    }

    /** Where the zero-terminated characters of a class's name are. */
    long nameAddress(long type) {
        return heap.getReference(type, CLASS_NAME) + TypeInfo.ARRAY_ELEMENTS;
    }

    boolean isClass(long node) {
        return heap.typeOf(node) == CLASS;
    }

    /** The class a member belongs to, or 0 if it is dead; asked through the weak reference. */
    boolean ownerIs(long member, long type) {
        long owner = heap.loadWeak(member, MEMBER_OWNER);
        if (owner != 0) {
            heap.release(owner);
        }
        return owner == type;
    }

    int index(long node) {
        return heap.getInt(node, isClass(node) ? CLASS_INDEX : MEMBER_INDEX);
    }

    void setIndex(long node, int index) {
        heap.putInt(node, isClass(node) ? CLASS_INDEX : MEMBER_INDEX, index);
    }

    int lowLink(long node) {
        return heap.getInt(node, (isClass(node) ? CLASS_INDEX : MEMBER_INDEX) + Integer.BYTES);
    }

    void setLowLink(long node, int lowLink) {
        heap.putInt(node, (isClass(node) ? CLASS_INDEX : MEMBER_INDEX) + Integer.BYTES, lowLink);
    }

    /**
     * Tells the node that the slot numbered {@code position} of a class or member refers to. Slots
     * are numbered through all its arrays.
     *
     * @return the node, 0 for an empty slot, or -1 past the last slot
     */
    long target(long node, int position) {
        if (!isClass(node)) {
            long mentions = heap.getReference(node, MEMBER_MENTIONS);
            return position < heap.length(mentions)
                    ? heap.getReference(mentions, ConfinedHeap.elementOffset(position))
                    : -1;
        }
        if (position == 0) {
            return heap.getReference(node, SUPERCLASS);
        }
        long left = position - 1L;
        for (long arrayOffset = INTERFACES;
                arrayOffset <= CLASS_METHODS;
                arrayOffset += Long.BYTES) {
            long array = heap.getReference(node, arrayOffset);
            long length = heap.length(array);
            if (left < length) {
                return heap.getReference(array, ConfinedHeap.elementOffset(left));
            }
            left -= length;
        }
        return -1;
    }

    // ---- taking down

    List<String> modules() {
        return List.copyOf(modules.keySet());
    }

    /** Drops the references that hold a module's classes from outside. */
    void drop(String module) {
        long[] held = modules.remove(module);
        if (held == null) {
            throw new IllegalArgumentException(
                    "no such module, or dropped before: module=" + module);
        }
        for (long type : held) {
            release(type);
        }
    }
}
