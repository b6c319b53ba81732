package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CEnum;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CType;
import org.quantalang.abi.ExternFunction;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The names that a translation unit has declared so far, at file scope. */
public final class Scope {
    /** Types of the standard headers, known without including them. */
    private static final Map<String, CType> BUILT_IN = builtIn();

    final Map<String, CType> typedefs = new LinkedHashMap<>();
    final Map<String, CStructDef> recordTags = new HashMap<>();
    final Map<String, CEnum> enumTags = new HashMap<>();
    final Map<String, Value> enumConstants = new HashMap<>();

    final List<CStructDef> records = new ArrayList<>();
    final List<CEnum> enums = new ArrayList<>();
    final Map<String, ExternFunction> functions = new LinkedHashMap<>();
    final Map<String, CType> variables = new LinkedHashMap<>();
    final List<CStructDef> open = new ArrayList<>();

    Scope() {}

    private static Map<String, CType> builtIn() {
        Map<String, CType> types = new HashMap<>();
        for (CPrimitive primitive : CPrimitive.values()) {
            if (primitive.cName().endsWith("_t")) {
                types.put(primitive.cName(), primitive);
            }
        }
        types.put("va_list", CPrimitive.VA_LIST);
        types.put("__builtin_va_list", CPrimitive.VA_LIST);
        types.put("__gnuc_va_list", CPrimitive.VA_LIST);
        types.put("bool", CPrimitive.BOOL);
        return Map.copyOf(types);
    }

    @Nullable CType type(String name) {
        CType declared = typedefs.get(name);
        if (declared != null || variables.containsKey(name) || functions.containsKey(name)) {
            return declared;
        }
        return BUILT_IN.get(name);
    }

    /** What a name stands for among those that share one place, or null if it is free. */
    @Nullable String kind(String name) {
        return typedefs.containsKey(name)
                ? "a typedef"
                : functions.containsKey(name)
                        ? "a function"
                        : variables.containsKey(name)
                                ? "a variable"
                                : enumConstants.containsKey(name) ? "an enum constant" : null;
    }

    /** Returns the typedefs in order. */
    public Map<String, CType> typedefs() {
        return typedefs;
    }

    /** Returns the defined records in order of definition, those without a name left out. */
    public List<CStructDef> records() {
        return records.stream().filter(record -> !record.name().isEmpty()).toList();
    }

    /** Returns the enums in order. */
    public List<CEnum> enums() {
        return enums;
    }

    /** Returns the functions in order of their first declaration. */
    public List<ExternFunction> functions() {
        return List.copyOf(functions.values());
    }

    /** Returns the variables in order. */
    public Map<String, CType> variables() {
        return variables;
    }
}
