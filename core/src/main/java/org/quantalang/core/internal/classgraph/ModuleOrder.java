package org.quantalang.core.internal.classgraph;

import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The order in which modules are taken down: dependents before what they require. */
final class ModuleOrder {
    private final Set<String> wanted;
    private final Set<String> seen = new HashSet<>();
    private final List<String> requiredFirst = new ArrayList<>();

    private ModuleOrder(Collection<String> wanted) {
        this.wanted = new TreeSet<>(wanted);
    }

    static List<String> dependentsFirst(Collection<String> modules) {
        var order = new ModuleOrder(modules);
        order.wanted.forEach(order::visit);
        return order.requiredFirst.reversed();
    }

    /** Recursion is as deep as the longest chain of requires, at most the number of modules. */
    private void visit(String module) {
        if (!seen.add(module)) {
            return;
        }
        ModuleFinder.ofSystem()
                .find(module)
                .map(ModuleReference::descriptor)
                .map(ModuleDescriptor::requires)
                .orElse(Set.of())
                .stream()
                .map(ModuleDescriptor.Requires::name)
                .filter(wanted::contains)
                .sorted()
                .forEach(this::visit);
        requiredFirst.add(module);
    }
}
