package org.quantalang.memory.inspect;

/**
 * Writes JSON: this module needs a few lines of it and no library. Names and values are escaped;
 * brackets are the caller's to balance. One use each.
 */
final class JsonText {
    private static final String HEX = "0123456789abcdef";

    private final StringBuilder text = new StringBuilder();
    private boolean first = true;

    JsonText beginObject() {
        return begin('{');
    }

    JsonText beginObject(String name) {
        return name(name).begin('{');
    }

    JsonText beginArray() {
        return begin('[');
    }

    JsonText beginArray(String name) {
        return name(name).begin('[');
    }

    JsonText endObject() {
        return end('}');
    }

    JsonText endArray() {
        return end(']');
    }

    JsonText member(String name, long value) {
        name(name).text.append(value);
        first = false;
        return this;
    }

    JsonText member(String name, boolean value) {
        name(name).text.append(value);
        first = false;
        return this;
    }

    JsonText member(String name, String value) {
        name(name).quote(value);
        first = false;
        return this;
    }

    private JsonText begin(char bracket) {
        comma();
        text.append(bracket);
        first = true;
        return this;
    }

    private JsonText end(char bracket) {
        text.append(bracket);
        first = false;
        return this;
    }

    private JsonText name(String name) {
        comma();
        quote(name);
        text.append(':');
        first = true; // what follows belongs to the name
        return this;
    }

    private void comma() {
        if (!first) {
            text.append(',');
        }
    }

    private void quote(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"', '\\' -> text.append('\\').append(c);
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                default -> {
                    if (c < ' ' || Character.isSurrogate(c) || c == '\u2028' || c == '\u2029') {
                        escape(c);
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        text.append('"');
    }

    /** By number: control characters, and surrogates, of which one may stand alone. */
    private void escape(char c) {
        text.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            text.append(HEX.charAt(c >>> shift & 0xf));
        }
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
