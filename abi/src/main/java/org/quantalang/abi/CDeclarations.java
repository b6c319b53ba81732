package org.quantalang.abi;

import org.quantalang.abi.internal.parse.Declarations;
import org.quantalang.abi.internal.parse.Scope;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * C declarations read from text, such as the preprocessed text of a header.
 *
 * <pre>{@code
 * CDeclarations c = CDeclarations.parse("struct point { double x, y; };", Target.host());
 * c.record("point").size(Target.host()); // 16
 * }</pre>
 *
 * <p>Understood: types, records with attributes and {@code #pragma pack}, typedefs, enums and array
 * sizes with constant expressions, prototypes, function pointers, {@code asm} labels, assertions
 * (evaluated). Function bodies and initializers are skipped. The types of the standard headers that
 * end in {@code _t}, {@code va_list} and {@code bool} are known without including them. Macros and
 * {@code #include} are not: run {@code cc -E} first.
 *
 * <p>The text is read for one target, since array sizes and assertions may depend on it. Immutable;
 * any thread.
 */
public final class CDeclarations {
    private final Scope scope;
    private final Target target;

    private CDeclarations(Scope scope, Target target) {
        this.scope = scope;
        this.target = target;
    }

    /**
     * Reads C declarations.
     *
     * @param text the text
     * @param target the platform they are for
     * @return what they declare
     * @throws CParseException at the first fault; gives its place and what was expected
     */
    public static CDeclarations parse(String text, Target target) {
        return new CDeclarations(Declarations.parse(text, target), target);
    }

    /**
     * Reads a list of types that may use what is declared here.
     *
     * @param list types separated by commas, such as {@code int, char *}
     * @return the types
     * @throws CParseException at the first fault
     */
    public List<CType> types(String list) {
        return Declarations.types(list, scope, target);
    }

    /**
     * Returns the platform that the text was read for.
     *
     * @return the target
     */
    public Target target() {
        return target;
    }

    /**
     * Returns the defined records that have a tag or a typedef name, in the order in which their
     * definitions end.
     *
     * @return the records
     */
    public List<CStructDef> records() {
        return scope.records();
    }

    /**
     * Finds a record by tag or by the typedef name of a record without a tag.
     *
     * @param name the name
     * @return the record
     * @throws IllegalArgumentException if none of that name is defined
     */
    public CStructDef record(String name) {
        for (CStructDef record : scope.records()) {
            if (record.name().equals(name)) {
                return record;
            }
        }
        throw new IllegalArgumentException(
                "no such record: name=%s; defined: %s"
                        .formatted(name, scope.records().stream().map(CStructDef::name).toList()));
    }

    /**
     * Returns the functions, in the order of their first declarations.
     *
     * @return the functions
     */
    public List<ExternFunction> functions() {
        return scope.functions();
    }

    /**
     * Returns the typedefs.
     *
     * @return typedef name to type, in order
     */
    public Map<String, CType> typedefs() {
        return Collections.unmodifiableMap(new LinkedHashMap<>(scope.typedefs()));
    }

    /**
     * Returns the enums.
     *
     * @return the enums in order
     */
    public List<CEnum> enums() {
        return List.copyOf(scope.enums());
    }

    /**
     * Returns the variables.
     *
     * @return name to type, in order
     */
    public Map<String, CType> variables() {
        return Collections.unmodifiableMap(new LinkedHashMap<>(scope.variables()));
    }
}
