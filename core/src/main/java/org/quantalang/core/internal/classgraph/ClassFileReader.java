package org.quantalang.core.internal.classgraph;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.MethodTypeEntry;
import java.lang.classfile.constantpool.NameAndTypeEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Turns class files into records. One reader serves one task: it remembers descriptors it has seen,
 * since a module's classes repeat them. Not thread-safe.
 */
final class ClassFileReader {
    private final ClassFile format = ClassFile.of();
    private final Map<String, Set<String>> descriptors = new HashMap<>();

    ClassRecord read(String module, byte[] bytes) {
        ClassModel file = format.parse(bytes);
        String name = file.thisClass().asInternalName();

        var mentions = new LinkedHashSet<String>();
        for (PoolEntry entry : file.constantPool()) {
            switch (entry) {
                case ClassEntry named -> addClassEntry(named.asInternalName(), mentions);
                case NameAndTypeEntry typed ->
                        mentions.addAll(classesIn(typed.type().stringValue()));
                case MethodTypeEntry typed ->
                        mentions.addAll(classesIn(typed.descriptor().stringValue()));
                default -> {} // names no class
            }
        }
        var fields = new ArrayList<ClassRecord.Member>(file.fields().size());
        file.fields()
                .forEach(
                        field -> {
                            Set<String> classes = classesIn(field.fieldType().stringValue());
                            fields.add(
                                    new ClassRecord.Member(
                                            field.fieldName().stringValue(), classes));
                            mentions.addAll(classes);
                        });
        var methods = new ArrayList<ClassRecord.Member>(file.methods().size());
        file.methods()
                .forEach(
                        method -> {
                            Set<String> classes = classesIn(method.methodType().stringValue());
                            methods.add(
                                    new ClassRecord.Member(
                                            method.methodName().stringValue(), classes));
                            mentions.addAll(classes);
                        });
        mentions.remove(name);

        return new ClassRecord(
                module,
                name,
                file.superclass().map(ClassEntry::asInternalName).orElse(null),
                file.interfaces().stream().map(ClassEntry::asInternalName).toList(),
                mentions,
                List.copyOf(fields),
                List.copyOf(methods));
    }

    /** A class entry holds an internal name, or for an array class a descriptor. */
    private void addClassEntry(String name, Set<String> mentions) {
        if (name.startsWith("[")) {
            mentions.addAll(classesIn(name));
        } else {
            mentions.add(name);
        }
    }

    /** Returns the classes between L and ; of a field or method descriptor. */
    private Set<String> classesIn(String descriptor) {
        return descriptors.computeIfAbsent(
                descriptor,
                text -> {
                    var classes = new LinkedHashSet<String>();
                    int start = text.indexOf('L');
                    while (start >= 0) {
                        int end = text.indexOf(';', start);
                        classes.add(text.substring(start + 1, end));
                        start = text.indexOf('L', end);
                    }
                    return Set.copyOf(classes);
                });
    }
}
