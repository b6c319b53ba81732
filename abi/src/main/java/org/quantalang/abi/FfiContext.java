package org.quantalang.abi;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What a program imports from C for one platform: functions, records, type names and libraries.
 *
 * <pre>{@code
 * FfiContext c = new FfiContext(Target.host());
 * c.addLibc();
 * c.add(CDeclarations.parse("struct point { double x, y; }; double norm(struct point);", c.target()));
 * c.function("malloc").signature(); // void *(size_t), with this platform's size_t
 * }</pre>
 *
 * <p>A name means one thing: adding it again is harmless if it says the same, and refused
 * otherwise. Everything is listed in the order in which it was added. Not thread-safe.
 */
public final class FfiContext {
    private final Target target;
    private final Map<String, ExternFunction> functions = new LinkedHashMap<>();
    private final Map<String, CStructDef> records = new LinkedHashMap<>();
    private final Map<String, CType> typedefs = new LinkedHashMap<>();
    private final Map<String, LibraryLink> libraries = new LinkedHashMap<>();

    /**
     * Makes an empty context.
     *
     * @param target the platform
     */
    public FfiContext(Target target) {
        this.target = Objects.requireNonNull(target);
    }

    /**
     * Returns the platform.
     *
     * @return the target
     */
    public Target target() {
        return target;
    }

    /**
     * Adds a function, and the library it comes from.
     *
     * @param function the function
     * @throws IllegalArgumentException if one of this name with another signature or calling
     *     convention is there
     */
    public void add(ExternFunction function) {
        ExternFunction known = functions.get(function.name());
        if (known != null && !shown(known).equals(shown(function))) {
            throw conflict("function", function.name(), shown(known), shown(function));
        }
        function.library().ifPresent(this::add);
        functions.putIfAbsent(function.name(), function);
    }

    private static String shown(ExternFunction function) {
        return "%s (%s)".formatted(function, function.signature().convention());
    }

    /**
     * Adds a record.
     *
     * @param record the record
     * @throws IllegalArgumentException if one of this name with other members or attributes is
     *     there; one that was only declared is completed
     */
    public void add(CStructDef record) {
        CStructDef known = records.get(record.name());
        if (known != null && !new SameDeclarations(target).of(known, record)) {
            throw conflict("record", record.name(), known, record);
        }
        if (known == null || !known.isComplete()) {
            records.put(record.name(), record);
        }
    }

    /**
     * Gives a type a name. The type may refer by {@link CType.Opaque} to a name that is added
     * later.
     *
     * @param name the name
     * @param type what it stands for
     * @throws IllegalArgumentException if the name stands for another type, or would stand for
     *     itself through other names; the message shows the chain
     */
    public void addTypedef(String name, CType type) {
        CType known = typedefs.get(name);
        if (known != null && !new SameDeclarations(target).of(known, type)) {
            throw conflict("typedef", name, known, type);
        }
        List<String> chain = new ArrayList<>(List.of(name));
        Optional<String> next = nameOf(type);
        while (next.isPresent()) {
            chain.add(next.get());
            if (next.get().equals(name)) {
                throw new IllegalArgumentException(
                        "typedef stands for itself: " + String.join(" -> ", chain));
            }
            CType named = typedefs.get(next.get());
            next = named == null ? Optional.empty() : nameOf(named);
        }
        typedefs.putIfAbsent(name, type);
    }

    private static Optional<String> nameOf(CType type) {
        CType named = type;
        while (named instanceof CType.Typedef typedef) {
            named = typedef.type();
        }
        return named instanceof CType.Opaque opaque ? Optional.of(opaque.name()) : Optional.empty();
    }

    /**
     * Adds a library.
     *
     * @param library the library
     * @throws IllegalArgumentException if one of this name is there that is linked otherwise
     */
    public void add(LibraryLink library) {
        LibraryLink known = libraries.putIfAbsent(library.name(), library);
        if (known != null && !known.equals(library)) {
            throw conflict("library", library.name(), known, library);
        }
    }

    /**
     * Adds all functions, named records and type names of a text.
     *
     * @param declarations the text
     * @throws IllegalArgumentException if it was read for another platform, or says otherwise than
     *     what is there; what precedes the conflict stays added
     */
    public void add(CDeclarations declarations) {
        if (declarations.target() != target) {
            throw new IllegalArgumentException(
                    "declarations are for another platform: target=%s context=%s"
                            .formatted(declarations.target(), target));
        }
        declarations.records().forEach(this::add);
        declarations.typedefs().forEach(this::addTypedef);
        declarations.functions().forEach(this::add);
    }

    /** Adds the usual functions of the C library, with the libraries that have them here. */
    public void addLibc() {
        add(Libc.MEMORY_AND_TEXT, Libc.main(target));
        add(Libc.OUTPUT, Libc.output(target));
        add(Libc.SNPRINTF, Libc.snprintf(target));
        add(Libc.MATHEMATICS, Libc.mathematics(target));
    }

    private void add(String text, LibraryLink library) {
        for (ExternFunction function : CDeclarations.parse(text, target).functions()) {
            add(
                    new ExternFunction(
                            function.name(),
                            function.symbol(),
                            function.signature(),
                            Optional.of(library),
                            function.weak(),
                            function.documentation()));
        }
    }

    /**
     * Finds a function.
     *
     * @param name its name
     * @return the function
     * @throws IllegalArgumentException if there is none
     */
    public ExternFunction function(String name) {
        return known("function", functions, name);
    }

    /**
     * Finds a record.
     *
     * @param name its name
     * @return the record
     * @throws IllegalArgumentException if there is none
     */
    public CStructDef record(String name) {
        return known("record", records, name);
    }

    /**
     * Finds what a type is once all type names are replaced.
     *
     * @param type the type
     * @return the type behind {@link CType.Typedef} and the names of this context; a name that
     *     stands for nothing here stays
     */
    public CType resolve(CType type) {
        CType resolved = type;
        while (true) {
            CType next =
                    switch (resolved) {
                        case CType.Typedef typedef -> typedef.type();
                        case CType.Opaque opaque -> typedefs.getOrDefault(opaque.name(), opaque);
                        default -> resolved;
                    };
            if (next.equals(resolved)) {
                return resolved;
            }
            resolved = next;
        }
    }

    /**
     * Returns the functions.
     *
     * @return a copy, in order
     */
    public List<ExternFunction> functions() {
        return List.copyOf(functions.values());
    }

    /**
     * Returns the records.
     *
     * @return a copy, in order
     */
    public List<CStructDef> records() {
        return List.copyOf(records.values());
    }

    /**
     * Returns the names of the type names added.
     *
     * @return a copy, in order
     */
    public List<String> typedefNames() {
        return List.copyOf(typedefs.keySet());
    }

    /**
     * Returns the libraries.
     *
     * @return a copy, in order
     */
    public List<LibraryLink> libraries() {
        return List.copyOf(libraries.values());
    }

    private static <T> T known(String what, Map<String, T> map, String name) {
        T value = map.get(name);
        if (value == null) {
            throw new IllegalArgumentException(
                    "no such %s: name=%s; known: %s".formatted(what, name, map.keySet()));
        }
        return value;
    }

    private static IllegalArgumentException conflict(
            String what, String name, Object known, Object other) {
        return new IllegalArgumentException(
                "%s means two things: name=%s known=%s other=%s"
                        .formatted(what, name, known, other));
    }
}
