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

    private final Declarator whole; // the outermost around it
    private @Nullable CallingConvention waiting; // of the whole, while it is applied

    Declarator() {
        whole = this;
    }

    /** A declarator in parentheses. */
    Declarator(Declarator around) {
        whole = around.whole;
    }

    void wrap(UnaryOperator<CType> step) {
        steps.add(step);
    }

    /**
     * Adds a convention that stands in front of the name. It is that of the function which the type
     * is or leads to by then; if it is none yet, of the next one towards the name.
     */
    void convention(CallingConvention convention) {
        wrap(
                type -> {
                    if (leadsToFunction(type)) {
                        return changed(type, convention);
                    }
                    whole.waiting = convention;
                    return type;
                });
    }

    /** Returns the convention that waits for a function, which is the one that asks. */
    @Nullable CallingConvention takeWaitingConvention() {
        CallingConvention taken = whole.waiting;
        whole.waiting = null;
        return taken;
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

    private static boolean leadsToFunction(CType type) {
        return switch (type.unwrap()) {
            case CType.Function _ -> true;
            case CType.Pointer pointer -> leadsToFunction(pointer.pointee());
            case CType.Array array -> leadsToFunction(array.element());
            default -> false;
        };
    }

    /** Sets the convention of the outermost function in a type, also behind names of types. */
    static CType withConvention(CType type, @Nullable CallingConvention convention) {
        return convention != null && leadsToFunction(type) ? changed(type, convention) : type;
    }

    private static CType changed(CType type, CallingConvention convention) {
        return switch (type) {
            case CType.Function function ->
                    new CType.Function(function.signature().withConvention(convention));
            case CType.Pointer pointer -> new CType.Pointer(changed(pointer.pointee(), convention));
            case CType.Array array ->
                    new CType.Array(changed(array.element(), convention), array.length());
            case CType.Typedef typedef ->
                    new CType.Typedef(
                            typedef.name(),
                            changed(typedef.type(), convention),
                            typedef.declaredAlignment());
            case CType.Qualified qualified ->
                    new CType.Qualified(
                            changed(qualified.type(), convention),
                            qualified.isConst(),
                            qualified.isVolatile());
            case CType.Atomic atomic -> new CType.Atomic(changed(atomic.type(), convention));
            default -> throw new AssertionError(type);
        };
    }
}
