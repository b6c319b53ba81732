package org.quantalang.abi;

import org.jspecify.annotations.Nullable;

import java.util.Map;
import java.util.Objects;

/**
 * An enumerated type with its constants in order.
 *
 * <p>The integer behind it is the target's choice: with gcc and clang {@code unsigned int} unless a
 * value is negative, and 8 bytes when a value needs them; with Microsoft's compiler always {@code
 * int}.
 */
public final class CEnum implements CType {
    private final String name;
    private final Map<String, Long> constants;
    private final boolean packed;
    private final @Nullable CType fixed;

    /**
     * Creates an enum.
     *
     * @param name tag or typedef name; empty if it has none
     * @param constants names with values, in order; kept as given
     * @param packed whether the smallest integer that fits is used
     * @param fixed the underlying type if the declaration fixes it, else null
     */
    public CEnum(String name, Map<String, Long> constants, boolean packed, @Nullable CType fixed) {
        this.name = Objects.requireNonNull(name);
        this.constants = constants;
        this.packed = packed;
        this.fixed = fixed;
    }

    /**
     * Returns the tag.
     *
     * @return tag or typedef name; empty if it has none
     */
    public String name() {
        return name;
    }

    /**
     * Returns the same enum under a name.
     *
     * @param newName the name
     * @return the enum
     */
    public CEnum named(String newName) {
        return new CEnum(newName, constants, packed, fixed);
    }

    /**
     * Returns the constants.
     *
     * @return names with values, in order
     */
    public Map<String, Long> constants() {
        return constants;
    }

    /**
     * Returns the integer type behind the enum.
     *
     * @param target the platform
     * @return the integer type
     */
    public CType underlying(Target target) {
        if (fixed != null) {
            return fixed;
        }
        if (target.dataModel().enumAlwaysInt()) {
            return CPrimitive.INT;
        }
        long least = 0;
        long most = 0;
        for (long value : constants.values()) {
            least = Math.min(least, value);
            most = Math.max(most, value);
        }
        if (packed && least >= Byte.MIN_VALUE && most <= (least < 0 ? Byte.MAX_VALUE : 0xff)) {
            return least < 0 ? CPrimitive.INT8 : CPrimitive.UINT8;
        }
        if (packed && least >= Short.MIN_VALUE && most <= (least < 0 ? Short.MAX_VALUE : 0xffff)) {
            return least < 0 ? CPrimitive.INT16 : CPrimitive.UINT16;
        }
        boolean lp64 = target.dataModel().longBytes() == Long.BYTES;
        if (least >= 0) {
            CPrimitive wide = lp64 ? CPrimitive.ULONG : CPrimitive.ULONG_LONG;
            return most <= 0xffff_ffffL ? CPrimitive.UINT : wide;
        }
        boolean small = least >= Integer.MIN_VALUE && most <= Integer.MAX_VALUE;
        return small ? CPrimitive.INT : lp64 ? CPrimitive.LONG : CPrimitive.LONG_LONG;
    }

    @Override
    public long size(Target target) {
        return underlying(target).size(target);
    }

    @Override
    public long alignment(Target target) {
        return underlying(target).alignment(target);
    }

    @Override
    public boolean isInteger() {
        return true;
    }

    @Override
    public boolean isSigned(Target target) {
        return underlying(target).isSigned(target);
    }

    @Override
    public String declare(String declared) {
        String type = "enum " + (name.isEmpty() ? "(unnamed)" : name);
        return declared.isEmpty() ? type : type + " " + declared;
    }

    @Override
    public String toString() {
        return spelling();
    }
}
