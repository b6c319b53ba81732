package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;

import java.util.OptionalLong;

/**
 * Skips initializers, and counts what they give to an array that is declared without a length:
 * strings, and lists without designators, whose elements are neither records nor arrays unless each
 * has braces of its own.
 */
final class Initializers {
    private final TokenStream in;
    private final Literals literals;

    Initializers(TokenStream in, Literals literals) {
        this.in = in;
        this.literals = literals;
    }

    /** Skips an initializer; returns the type with the length that it gives, if it gives one. */
    CType completed(CType type) {
        TokenStream.Mark start = in.mark();
        skip();
        if (!(type.unwrap() instanceof CType.Array array)
                || array.length().isPresent()
                || !(type.decayed() instanceof CType.Pointer pointer)) {
            return type;
        }
        TokenStream.Mark end = in.mark();
        in.reset(start);
        OptionalLong length = length(pointer.pointee());
        in.reset(end);
        return length.isEmpty() ? type : new CType.Array(pointer.pointee(), length);
    }

    private void skip() {
        if (in.is("{")) {
            in.skipGroup();
            return;
        }
        while (!in.is(",") && !in.is(";")) {
            if (in.atEnd()) {
                throw in.fault(
                        in.peek(), "expected ';' after an initializer, found the end of the text");
            }
            if (in.is("(") || in.is("[") || in.is("{")) {
                in.skipGroup();
            } else {
                in.next();
            }
        }
    }

    private OptionalLong length(CType element) {
        boolean braced = in.is("{");
        boolean quoted = in.peek(braced ? 1 : 0).kind() == Token.Kind.STRING;
        if (!quoted || !element.isInteger()) {
            return braced ? listLength(element.unwrap()) : OptionalLong.empty();
        }
        if (braced) {
            in.next();
        }
        CType string = literals.string(in.next()).type();
        boolean whole = in.is(",") || in.is(";") || in.is("}");
        return whole && string instanceof CType.Array array ? array.length() : OptionalLong.empty();
    }

    private OptionalLong listLength(CType element) {
        boolean flat = element instanceof CPrimitive || element.isInteger() || element.isPointer();
        in.next();
        long count = 0;
        while (!in.take("}")) {
            if (in.atEnd() || in.is("[") || in.is(".") || (!flat && !in.is("{"))) {
                return OptionalLong.empty();
            }
            count++;
            while (!in.atEnd() && !in.is(",") && !in.is("}")) {
                if (in.is("(") || in.is("[") || in.is("{")) {
                    in.skipGroup();
                } else {
                    in.next();
                }
            }
            in.take(",");
        }
        return OptionalLong.of(count);
    }
}
