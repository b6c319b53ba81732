package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

import java.util.List;

/** What is refused, and that the text says why and what there is instead. */
class RefusalTest {
    private static final Target LINUX = Target.X86_64_LINUX_GNU;

    private static String refusal(Executable work) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, work).getMessage());
    }

    private static String fault(String text) {
        return String.valueOf(
                assertThrows(CParseException.class, () -> CDeclarations.parse(text, LINUX))
                        .getMessage());
    }

    @Test
    void aRecordThatContainsItselfIsRefusedWithTheChain() {
        String message =
                fault("struct a {\n  struct b { union { int i; struct a again[2]; } u; } in;\n};");
        assertTrue(
                message.startsWith(
                        "line 2, column 43: record contains itself by value: struct a -> struct b"
                                + " -> union (unnamed) -> struct a; use a pointer"),
                message);
        CStructDef first = CStructDef.declare(false, "first");
        CStructDef second = CStructDef.struct("second", CStructField.of("f", first));
        assertEquals(
                "record contains itself by value: struct first -> struct second -> struct first;"
                        + " use a pointer",
                refusal(() -> first.define(List.of(CStructField.of("s", second)), false, 0, 0)));
    }

    @Test
    void aRecordThatPointsToItselfIsFine() {
        CDeclarations c =
                CDeclarations.parse(
                        "struct node { struct node *next; struct tree *owner; };"
                                + " struct tree { struct node root; };",
                        LINUX);
        assertEquals(16, c.record("node").size(LINUX));
        assertEquals(16, c.record("tree").size(LINUX));
    }

    @Test
    void aTypedefThatStandsForItselfIsRefusedWithTheChain() {
        FfiContext context = new FfiContext(LINUX);
        context.addTypedef("a", new CType.Opaque("b"));
        context.addTypedef("b", new CType.Opaque("c"));
        assertEquals(
                "typedef stands for itself: c -> a -> b -> c",
                refusal(() -> context.addTypedef("c", new CType.Opaque("a"))));
    }

    @Test
    void aConventionThatTheTargetLacksIsRefusedWithThoseItHas() {
        CFunctionSignature signature =
                CFunctionSignature.of(CTypes.VOID).withConvention(CallingConvention.VECTORCALL);
        assertEquals(
                "target=riscv64-linux-gnu has no convention=vectorcall; it has [c, system, quanta]",
                refusal(() -> CallPlan.of(signature, List.of(), Target.RISCV64_LINUX_GNU)));
        assertEquals(
                "unknown calling convention: name=pascal; known: c system stdcall fastcall"
                        + " vectorcall thiscall win64 sysv64 aapcs aarch64 wasm rust quanta",
                refusal(() -> CallingConvention.parse("pascal")));
    }

    @Test
    void anUnknownTargetIsRefusedWithTheKnown() {
        String message = refusal(() -> Target.parse("sparc-sun-solaris"));
        assertTrue(message.contains("sparc"), message);
        for (Target target : Target.values()) {
            assertTrue(message.contains(target.triple()), message);
        }
    }

    @Test
    void aTypeThatTheTargetLacksIsRefused() {
        assertEquals(
                "__int128 does not exist on target=i686-pc-linux-gnu",
                refusal(() -> CPrimitive.INT128.size(Target.I686_LINUX_GNU)));
        String unknown = fault("struct s { unknown_t x; };");
        assertTrue(unknown.startsWith("line 1, column 12: unknown type name 'unknown_t'"), unknown);
        String incomplete = fault("struct t; struct s { struct t x; };");
        assertTrue(
                incomplete.startsWith("line 1, column 31: struct t is not defined here"),
                incomplete);
    }
}
