package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** What Java programs cannot describe, since C has it not. */
class ArgumentCheckTest {
    private static final CType OPEN = new CType.Array(CTypes.INT, OptionalLong.empty());

    private static String refusal(Executable work) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, work).getMessage());
    }

    private static CStructDef define(long aligned, int pack, CStructField... fields) {
        return CStructDef.declare(false, "s").define(List.of(fields), false, aligned, pack);
    }

    @Test
    void twoMembersOfOneName() {
        CStructField a = CStructField.of("a", CTypes.INT);
        assertEquals(
                "two members of one name: record=struct s field=a",
                refusal(() -> CStructDef.struct("s", a, a)));
        CStructField inner = CStructField.of("", CStructDef.union("", a));
        assertEquals(
                "two members of one name: record=struct s field=a",
                refusal(() -> CStructDef.struct("s", inner, a)));
        CStructDef unnamed =
                CStructDef.struct(
                        "s",
                        CStructField.bits("", CTypes.INT, 3),
                        CStructField.bits("", CTypes.INT, 0),
                        inner);
        assertEquals(8, unnamed.size(Target.X86_64_LINUX_GNU));
    }

    @Test
    void aFlexibleArrayThatIsNotLast() {
        CStructField open = CStructField.of("open", OPEN);
        CStructField b = CStructField.of("b", CTypes.INT);
        CStructField a = CStructField.of("a", CTypes.INT);
        String why =
                "a flexible array must be the last member of a struct that has others:"
                        + " record=%s field=open; give it a length, or put it there";
        assertEquals(why.formatted("struct s"), refusal(() -> CStructDef.struct("s", a, open, b)));
        assertEquals(why.formatted("struct s"), refusal(() -> CStructDef.struct("s", open)));
        assertEquals(why.formatted("union u"), refusal(() -> CStructDef.union("u", a, open)));
        assertEquals(4, CStructDef.struct("s", a, open).size(Target.X86_64_LINUX_GNU));
    }

    @Test
    void alignmentsAndPackingsThatNoCompilerHas() {
        assertEquals(
                "alignment is no power of two: record=struct s aligned=3",
                refusal(() -> define(3, 0)));
        assertEquals(
                "alignment is no power of two: field=a aligned=12",
                refusal(() -> new CStructField("a", CTypes.INT, OptionalInt.empty(), false, 12)));
        for (int pack : new int[] {-1, 3, 32}) {
            assertEquals(
                    "no packing: record=struct s pragmaPack=%d; use 0, 1, 2, 4, 8 or 16"
                            .formatted(pack),
                    refusal(() -> define(0, pack)));
        }
        for (int pack : new int[] {0, 1, 2, 4, 8, 16}) {
            define(pack, pack, CStructField.of("a", CTypes.INT));
        }
    }

    @Test
    void aResultThatNoFunctionHas() {
        assertEquals(
                "a function cannot return type=int [3]; return a pointer",
                refusal(() -> CFunctionSignature.of(CType.array(CTypes.INT, 3))));
        CType function = new CType.Function(CFunctionSignature.of(CTypes.VOID));
        assertEquals(
                "a function cannot return type=f; return a pointer",
                refusal(() -> CFunctionSignature.of(new CType.Typedef("f", function))));
    }

    private static void assertNamesNull(String parameter, Executable work) {
        assertEquals(parameter, assertThrows(NullPointerException.class, work).getMessage());
    }

    @Test
    @SuppressWarnings("NullAway") // that is what is tested
    void nullWithItsName() {
        CFunctionSignature signature = CFunctionSignature.of(CTypes.VOID);
        assertNamesNull("name", () -> CStructField.of(null, CTypes.INT));
        assertNamesNull("type", () -> CStructField.of("a", null));
        assertNamesNull("name", () -> CStructDef.struct(null));
        assertNamesNull("name", () -> ExternFunction.of(null, signature));
        assertNamesNull("signature", () -> ExternFunction.of("f", null));
        assertNamesNull("name", () -> LibraryLink.dynamic(null));
        assertNamesNull("returnType", () -> CFunctionSignature.of(null));
        assertNamesNull(
                "name", () -> CFunctionSignature.builder(CTypes.VOID).parameter(null, CTypes.INT));
    }

    @Test
    void aRecordWhoseBitsCannotBeCounted() {
        CType most = CType.array(CTypes.CHAR, Long.MAX_VALUE / Byte.SIZE);
        CStructDef s =
                CStructDef.struct("s", CStructField.of("a", most), CStructField.of("b", most));
        for (Target target : Target.values()) {
            assertEquals(
                    "record too large: record=struct s; its bits must be countable in 63 bits",
                    refusal(() -> s.size(target)));
        }
    }

    @Test
    void aParameterOfAConstArrayTypePointsToConstElements() {
        CType rows = new CType.Typedef("rows", CType.array(CType.array(CTypes.INT, 3), 2));
        CFunctionSignature signature =
                CFunctionSignature.builder(CTypes.VOID)
                        .parameter("a", new CType.Qualified(rows, true, false))
                        .build();
        assertEquals("void f(const int (*a)[3])", ExternFunction.of("f", signature).toString());
    }
}
