package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CType;
import org.quantalang.abi.CallingConvention;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * What follows the specifiers: a name and what is wrapped around the base type. C writes it inside
 * out, so the steps are collected and applied to the base type at the end.
 */
final class Declarator {
    @Nullable Token name;
    final Attributes attributes = new Attributes();

    /** Innermost last: the first step is applied to the base type first. */
    private final List<UnaryOperator<CType>> steps = new ArrayList<>();

    Declarator() {}

    void wrap(UnaryOperator<CType> step) {
        steps.add(step);
    }

    int steps() {
        return steps.size();
    }

    String nameText() {
        return name == null ? "" : name.text();
    }

    CType apply(CType base) {
        CType type = base;
        for (UnaryOperator<CType> step : steps) {
            type = step.apply(type);
        }
        return type;
    }

    /** Sets the convention of the outermost function in a type. */
    static CType withConvention(CType type, @Nullable CallingConvention convention) {
        if (convention == null) {
            return type;
        }
        return switch (type) {
            case CType.Function function ->
                    new CType.Function(function.signature().withConvention(convention));
            case CType.Pointer pointer ->
                    new CType.Pointer(withConvention(pointer.pointee(), convention));
            default -> type;
        };
    }
}
