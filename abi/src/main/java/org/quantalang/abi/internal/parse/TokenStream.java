package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CParseException;

import java.util.List;

/** The tokens with a position; makes the errors, and keeps recursion within bounds. */
final class TokenStream {
    /** Deeper nesting is refused: real headers stay below 20, and the Java stack is finite. */
    private static final int MAX_DEPTH = 128;

    private final Lexer lexer;
    private final List<Token> tokens;
    private int at;
    private int depth;

    TokenStream(String text) {
        lexer = new Lexer(text);
        tokens = lexer.tokens();
    }

    Token peek() {
        return tokens.get(at);
    }

    Token peek(int ahead) {
        return tokens.get(Math.min(at + ahead, tokens.size() - 1));
    }

    Token next() {
        Token token = peek();
        if (token.kind() != Token.Kind.END) {
            at++;
        }
        return token;
    }

    boolean atEnd() {
        return peek().kind() == Token.Kind.END;
    }

    boolean is(String wanted) {
        return peek().is(wanted);
    }

    boolean take(String wanted) {
        if (is(wanted)) {
            at++;
            return true;
        }
        return false;
    }

    Token expect(String wanted, String where) {
        if (!is(wanted)) {
            throw fault(
                    peek(), "expected '%s' %s, found %s".formatted(wanted, where, peek().shown()));
        }
        return next();
    }

    Token expectWord(String what) {
        if (peek().kind() != Token.Kind.WORD) {
            throw fault(peek(), "expected %s, found %s".formatted(what, peek().shown()));
        }
        return next();
    }

    CParseException fault(Token token, String what) {
        return lexer.fault(token.line(), token.column(), what);
    }

    /** A place to come back to. */
    record Mark(int at, int depth) {}

    Mark mark() {
        return new Mark(at, depth);
    }

    void reset(Mark mark) {
        at = mark.at;
        depth = mark.depth;
    }

    /** Skips to a bracket or the like that is not in a group inside. */
    void skipTo(String wanted) {
        while (!is(wanted)) {
            if (atEnd() || is(")") || is("]") || is("}")) {
                throw fault(peek(), "expected '%s', found %s".formatted(wanted, peek().shown()));
            }
            if (is("(") || is("[") || is("{")) {
                skipGroup();
            } else {
                at++;
            }
        }
    }

    /** Enters a nested construct; must be left with {@link #leave}. */
    void enter() {
        if (++depth > MAX_DEPTH) {
            throw fault(peek(), "nested too deeply: more than %d levels".formatted(MAX_DEPTH));
        }
    }

    void leave() {
        depth--;
    }

    /** Skips a bracketed group; the next token opens it. */
    void skipGroup() {
        Token open = next();
        int level = 1;
        while (level > 0) {
            if (atEnd()) {
                throw fault(open, "'%s' is never closed".formatted(open.text()));
            }
            Token token = next();
            if (token.is("(") || token.is("[") || token.is("{")) {
                level++;
            } else if (token.is(")") || token.is("]") || token.is("}")) {
                level--;
            }
        }
    }
}
