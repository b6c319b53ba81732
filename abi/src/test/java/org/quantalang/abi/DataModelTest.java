package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Arrays;
import java.util.List;

/** The data model of every target, as clang 19 prints it: size/alignment in bytes. */
class DataModelTest {
    @ParameterizedTest
    @CsvSource({
        "x86_64-pc-linux-gnu,    8, 8, 8/8, 8/8, 16/16 X87,      4 s, s, 16, 24/8, 16/16, 0",
        "x86_64-apple-darwin,    8, 8, 8/8, 8/8, 16/16 X87,      4 s, s, 16, 24/8, 16/16, 0",
        "x86_64-pc-windows-msvc, 8, 4, 8/8, 8/8, 8/8 BINARY64,   2 u, s, 8, 8/8, 16/16, 4",
        "x86_64-w64-windows-gnu, 8, 4, 8/8, 8/8, 16/16 X87,      2 u, s, 16, 8/8, 16/16, 0",
        "i686-pc-linux-gnu,      4, 4, 8/4, 8/4, 12/4 X87,       4 s, s, 16, 4/4, none, 0",
        "i686-pc-windows-msvc,   4, 4, 8/8, 8/8, 8/8 BINARY64,   2 u, s, 8, 4/4, none, 4",
        "i686-w64-windows-gnu,   4, 4, 8/8, 8/8, 12/4 X87,       2 u, s, 16, 4/4, none, 0",
        "aarch64-linux-gnu,      8, 8, 8/8, 8/8, 16/16 BINARY128, 4 u, u, 16, 32/8, 16/16, 0",
        "arm64-apple-darwin,     8, 8, 8/8, 8/8, 8/8 BINARY64,   4 s, s, 8, 8/8, 16/16, 0",
        "aarch64-pc-windows-msvc, 8, 4, 8/8, 8/8, 8/8 BINARY64,  2 u, s, 8, 8/8, 16/16, 4",
        "armv7-linux-gnueabihf,  4, 4, 8/8, 8/8, 8/8 BINARY64,   4 u, u, 8, 4/4, none, 0",
        "armv7-linux-gnueabi,    4, 4, 8/8, 8/8, 8/8 BINARY64,   4 u, u, 8, 4/4, none, 0",
        "riscv64-linux-gnu,      8, 8, 8/8, 8/8, 16/16 BINARY128, 4 s, u, 16, 8/8, 16/16, 0",
        "wasm32,                 4, 4, 8/8, 8/8, 16/16 BINARY128, 4 s, s, 16, 4/4, 16/16, 0",
    })
    void isTheCompilers(
            String triple,
            long pointer,
            long longs,
            String int64,
            String doubles,
            String longDouble,
            String wchar,
            String plainChar,
            int maxAlign,
            String vaList,
            String int128,
            long emptyStruct) {
        Target target = Target.parse(triple);
        DataModel model = target.dataModel();
        assertEquals(pointer, CTypes.VOID_POINTER.size(target), "pointer");
        assertEquals(pointer, CTypes.SIZE_T.size(target), "size_t");
        assertEquals(longs, CTypes.LONG.size(target), "long");
        assertEquals(int64, shape(CPrimitive.INT64, target), "int64_t");
        assertEquals(doubles, shape(CPrimitive.DOUBLE, target), "double");
        assertEquals(
                longDouble,
                shape(CPrimitive.LONG_DOUBLE, target) + " " + model.longDoubleFormat(),
                "long double");
        assertEquals(
                wchar,
                CPrimitive.WCHAR_T.size(target) + " " + sign(CPrimitive.WCHAR_T, target),
                "wchar_t");
        assertEquals(plainChar, sign(CPrimitive.CHAR, target), "char");
        assertEquals(maxAlign, model.maxAlignment(), "max_align_t");
        assertEquals(vaList, shape(CPrimitive.VA_LIST, target), "va_list");
        assertEquals(
                int128, model.hasInt128() ? shape(CPrimitive.INT128, target) : "none", "__int128");
        assertEquals(emptyStruct, CStructDef.struct("empty").size(target), "struct {}");
        assertEquals("4/4", shape(CPrimitive.FLOAT, target), "float");
        assertEquals("1/1", shape(CPrimitive.BOOL, target), "_Bool");
    }

    @ParameterizedTest
    @CsvSource({
        "enum e { A }, 4 u, 4 s",
        "enum e { A = -1 }, 4 s, 4 s",
        "enum e { A = 0x100000000LL }, 8 u, 4 s"
    })
    void anEnumIsAsWideAsItsValuesExceptForMicrosoft(String text, String gnu, String msvc) {
        for (Target target : Target.values()) {
            CType type = CDeclarations.parse(text + ";", target).enums().getFirst();
            assertEquals(
                    target.dataModel().enumAlwaysInt() ? msvc : gnu,
                    type.size(target) + " " + sign(type, target),
                    target.triple());
        }
    }

    @Test
    void allTargetsAreInTheTable() {
        List<String> msvc =
                Arrays.stream(Target.values())
                        .filter(target -> target.dataModel().enumAlwaysInt())
                        .map(Target::triple)
                        .toList();
        assertEquals(14, Target.values().length);
        assertEquals(
                List.of(
                        "x86_64-pc-windows-msvc",
                        "i686-pc-windows-msvc",
                        "aarch64-pc-windows-msvc"),
                msvc);
    }

    private static String shape(CType type, Target target) {
        return type.size(target) + "/" + type.alignment(target);
    }

    private static String sign(CType type, Target target) {
        return type.isSigned(target) ? "s" : "u";
    }
}
