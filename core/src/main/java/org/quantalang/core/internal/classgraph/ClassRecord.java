package org.quantalang.core.internal.classgraph;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Set;

/**
 * What one class file says, with classes by their internal names ({@code java/lang/Object}).
 *
 * @param module the module that holds the class
 * @param name the internal name
 * @param superclass the superclass, null for {@code java.lang.Object} and for module descriptors
 * @param interfaces the direct interfaces, in the file's order
 * @param mentions every other class that the constant pool or a descriptor names, each once,
 *     superclass and interfaces among them, the class itself not
 * @param fields the fields, in the file's order
 * @param methods the methods, in the file's order
 */
record ClassRecord(
        String module,
        String name,
        @Nullable String superclass,
        List<String> interfaces,
        Set<String> mentions,
        List<Member> fields,
        List<Member> methods) {

    /**
     * A field or a method.
     *
     * @param name the simple name
     * @param mentions the classes that the descriptor names, each once, the member's own class too
     */
    record Member(String name, Set<String> mentions) {}
}
