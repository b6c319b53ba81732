package org.quantalang.abi;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.internal.record.RecordRules;
import org.quantalang.abi.layout.RecordLayout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A struct or union of C: its members in order and the attributes that change its layout.
 *
 * <pre>{@code
 * CStructDef timespec = CStructDef.struct("timespec",
 *         CStructField.of("tv_sec", CTypes.LONG), CStructField.of("tv_nsec", CTypes.LONG));
 * timespec.size(Target.host());
 * }</pre>
 *
 * <p>A record that refers to itself is {@linkplain #declare declared} first and defined once. After
 * that nothing changes, and any thread may use it.
 */
public final class CStructDef implements CType {
    private static final int MAX_PACK = 16; // bytes
    private static final int MAX_LEVELS = 256; // what walks over records can take on any stack

    private final boolean union;
    private final boolean tagged;
    private String name;
    private @Nullable List<CStructField> fields;
    private boolean packed;
    private long aligned;
    private int pack;
    private int levels; // of records and arrays in each other by value, this one included
    private boolean settled; // defined, and so are all records inside since before
    // A racing thread computes an equal layout again; the record no longer changes by then.
    private final Map<Target, RecordLayout> layouts = new ConcurrentHashMap<>();

    private CStructDef(boolean union, String name) {
        this.union = union;
        this.name = Objects.requireNonNull(name, "name");
        this.tagged = !name.isEmpty();
    }

    /**
     * Declares a record whose members follow later.
     *
     * @param union whether it is a union
     * @param name its tag; empty if it has none
     * @return the incomplete record
     */
    public static CStructDef declare(boolean union, String name) {
        return new CStructDef(union, name);
    }

    /**
     * Defines a struct without attributes.
     *
     * @param name its tag
     * @param fields members in order
     * @return the struct
     */
    public static CStructDef struct(String name, CStructField... fields) {
        return new CStructDef(false, name).define(Arrays.asList(fields), false, 0, 0);
    }

    /**
     * Defines a union without attributes.
     *
     * @param name its tag
     * @param fields members in order
     * @return the union
     */
    public static CStructDef union(String name, CStructField... fields) {
        return new CStructDef(true, name).define(Arrays.asList(fields), false, 0, 0);
    }

    /**
     * Completes a declared record.
     *
     * @param members members in order
     * @param isPacked whether the record is {@code packed}
     * @param alignedTo the largest {@code aligned(n)} of the record, in bytes; 0 without one
     * @param pragmaPack the {@code #pragma pack(n)} in force, in bytes; 0 without one
     * @return this
     * @throws IllegalStateException if it is defined already
     * @throws IllegalArgumentException if two members have one name (those of anonymous records
     *     included), a flexible array is not last in a struct that has other members, an alignment
     *     is no power of two, the pack is none of 0, 1, 2, 4, 8 and 16, the record contains itself
     *     by value: the message names the chain, or there are more than 256 levels of records,
     *     arrays and names of types in each other by value
     */
    public CStructDef define(
            List<CStructField> members, boolean isPacked, long alignedTo, int pragmaPack) {
        if (fields != null) {
            throw new IllegalStateException("defined twice: record=" + spelling());
        }
        List<CStructField> copy = List.copyOf(members);
        requireNames(copy, new HashSet<>());
        requireFlexibleLast(copy);
        if (alignedTo < 0 || Long.bitCount(alignedTo) > 1) {
            throw new IllegalArgumentException(
                    "alignment is no power of two: record=%s aligned=%d"
                            .formatted(spelling(), alignedTo));
        }
        if (pragmaPack < 0 || pragmaPack > MAX_PACK || Integer.bitCount(pragmaPack) > 1) {
            throw new IllegalArgumentException(
                    "no packing: record=%s pragmaPack=%d; use 0, 1, 2, 4, 8 or 16"
                            .formatted(spelling(), pragmaPack));
        }
        int deepest = 0;
        boolean allSettled = true;
        for (CStructField member : copy) {
            int around = 0;
            CType type = member.type();
            while (true) {
                if (type instanceof WrappedType wrapped) {
                    type = wrapped.type();
                } else if (type instanceof Array array) {
                    type = array.element();
                } else {
                    break;
                }
                around++;
            }
            if (type instanceof CStructDef inner) {
                around += inner.levels;
                allSettled &= inner.settled;
            }
            deepest = Math.max(deepest, around);
        }
        if (deepest >= MAX_LEVELS) {
            throw new IllegalArgumentException(
                    "types nested too deeply: record=%s levels=%d; at most %d, use a pointer"
                            .formatted(spelling(), deepest + 1, MAX_LEVELS));
        }
        fields = copy;
        packed = isPacked;
        aligned = alignedTo;
        pack = pragmaPack;
        List<String> chain = new ArrayList<>();
        Set<CStructDef> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        if (!allSettled && findsItself(this, chain, seen)) {
            fields = null;
            throw new IllegalArgumentException(
                    "record contains itself by value: %s; use a pointer"
                            .formatted(String.join(" -> ", chain)));
        }
        levels = deepest + 1;
        settled = allSettled;
        return this;
    }

    private void requireNames(List<CStructField> members, Set<String> seen) {
        for (CStructField member : members) {
            if (member.isAnonymousRecord()
                    && member.type().unwrap() instanceof CStructDef inner
                    && inner.fields != null) {
                requireNames(inner.fields, seen);
            } else if (!member.name().isEmpty() && !seen.add(member.name())) {
                throw new IllegalArgumentException(
                        "two members of one name: record=%s field=%s"
                                .formatted(spelling(), member.name()));
            }
        }
    }

    private void requireFlexibleLast(List<CStructField> members) {
        boolean others = false;
        for (int i = 0; i < members.size(); i++) {
            CStructField member = members.get(i);
            boolean last = i == members.size() - 1;
            if (member.isFlexibleArray() && (union || !last || !others)) {
                throw new IllegalArgumentException(
                        ("a flexible array must be the last member of a struct that has others:"
                                        + " record=%s field=%s; give it a length, or put it there")
                                .formatted(spelling(), member.name()));
            }
            others |= !member.name().isEmpty() || member.isAnonymousRecord();
        }
    }

    private boolean findsItself(CStructDef inside, List<String> chain, Set<CStructDef> seen) {
        if (inside.fields == null || !seen.add(inside)) {
            return false;
        }
        chain.add(inside.spelling());
        for (CStructField field : inside.fields) {
            CType type = field.type().unwrap();
            while (type instanceof Array array) {
                type = array.element().unwrap();
            }
            if (type == this) {
                chain.add(spelling());
                return true;
            }
            if (type instanceof CStructDef nested && findsItself(nested, chain, seen)) {
                return true;
            }
        }
        chain.removeLast();
        return false;
    }

    /**
     * Returns the tag, or the typedef name of a record without a tag.
     *
     * @return the name; empty if it has none
     */
    public String name() {
        return name;
    }

    /**
     * Gives a record without a tag the name of its typedef.
     *
     * @param typedefName the name
     */
    public void nameIfUnnamed(String typedefName) {
        if (name.isEmpty()) {
            name = typedefName;
        }
    }

    /**
     * Returns whether {@link #name} is a tag.
     *
     * @return false for a record without a name, or with that of its typedef only
     */
    public boolean hasTag() {
        return tagged;
    }

    /**
     * Returns whether it is a union.
     *
     * @return true for a union, false for a struct
     */
    public boolean isUnion() {
        return union;
    }

    /**
     * Returns the C keyword.
     *
     * @return {@code struct} or {@code union}
     */
    public String keyword() {
        return union ? "union" : "struct";
    }

    /**
     * Returns whether the members are known.
     *
     * @return whether it is defined
     */
    public boolean isComplete() {
        return fields != null;
    }

    /**
     * Returns the members.
     *
     * @return members in order
     * @throws IllegalArgumentException if it is only declared
     */
    public List<CStructField> fields() {
        if (fields == null) {
            throw new IllegalArgumentException(
                    "record is declared but not defined: record=%s; define it or use a pointer"
                            .formatted(spelling()));
        }
        return fields;
    }

    /**
     * Finds a member.
     *
     * @param wanted its name
     * @return the member
     * @throws IllegalArgumentException if there is none; the message lists the members
     */
    public CStructField field(String wanted) {
        for (CStructField field : fields()) {
            if (field.name().equals(wanted)) {
                return field;
            }
        }
        throw new IllegalArgumentException(
                "no such field: record=%s field=%s; it has %s"
                        .formatted(
                                spelling(),
                                wanted,
                                fields().stream().map(CStructField::name).toList()));
    }

    /**
     * Returns whether the record is {@code packed}.
     *
     * @return whether it is packed
     */
    public boolean isPacked() {
        return packed;
    }

    /**
     * Returns what {@code aligned(n)} on the record says.
     *
     * @return bytes; 0 without one
     */
    public long aligned() {
        return aligned;
    }

    /**
     * Returns the {@code #pragma pack(n)} that the record was defined under.
     *
     * @return bytes; 0 without one
     */
    public int pragmaPack() {
        return pack;
    }

    /**
     * Returns how the record lies in memory; computed once for each target.
     *
     * @param target the platform
     * @return the layout
     * @throws IllegalArgumentException if the record or a record inside is not defined, or a
     *     member's type has no size there
     */
    public RecordLayout layout(Target target) {
        RecordLayout known = layouts.get(target);
        if (known == null) {
            known = RecordRules.layOut(this, target);
            layouts.put(target, known);
        }
        return known;
    }

    @Override
    public long size(Target target) {
        return layout(target).sizeBytes();
    }

    @Override
    public long alignment(Target target) {
        return layout(target).alignmentBytes();
    }

    @Override
    public String declare(String declared) {
        boolean typedefName = !tagged && !name.isEmpty();
        String type = typedefName ? name : keyword() + " " + (name.isEmpty() ? "(unnamed)" : name);
        return declared.isEmpty() ? type : type + " " + declared;
    }

    @Override
    public String toString() {
        return spelling();
    }
}
