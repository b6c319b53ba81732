package org.quantalang.core.internal.classgraph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Set;

class ClassFileReaderTest {
    private static final String SAMPLE =
            ClassFileReaderTest.class.getName().replace('.', '/') + "$Sample";

    /** What the reader is pointed at: a field, a method with arrays, an interface, a superclass. */
    abstract static class Sample extends Thread implements Comparable<Sample> {
        private Map<String, Integer> map = Map.of();

        abstract Number[] method(Set<String> set, long[][] longs, Sample itself);

        Object mentionsInItsCode() {
            return new java.util.ArrayList<>(map.values());
        }
    }

    @Test
    void readsSuperclassAndInterfaces() throws IOException {
        ClassRecord sample = readSample();

        assertEquals(SAMPLE, sample.name());
        assertEquals("java/lang/Thread", sample.superclass());
        assertEquals(List.of("java/lang/Comparable"), sample.interfaces());
    }

    @Test
    void readsTheClassesOfAFieldsDescriptor() throws IOException {
        assertEquals(
                List.of(new ClassRecord.Member("map", Set.of("java/util/Map"))),
                readSample().fields());
    }

    @Test
    void readsEachClassOfAMethodsDescriptorOnceAndTheOwnClassToo() throws IOException {
        ClassRecord.Member method =
                readSample().methods().stream()
                        .filter(each -> each.name().equals("method"))
                        .findFirst()
                        .orElseThrow();

        assertEquals(Set.of("java/lang/Number", "java/util/Set", SAMPLE), method.mentions());
    }

    @Test
    void mentionsWhatCodeAndDescriptorsNameButNotItself() throws IOException {
        Set<String> mentions = readSample().mentions();

        assertTrue(mentions.contains("java/util/ArrayList"), mentions::toString);
        assertTrue(mentions.contains("java/lang/Thread"), mentions::toString);
        assertTrue(mentions.contains("java/lang/Number"), mentions::toString);
        assertFalse(mentions.contains(SAMPLE), mentions::toString);
    }

    private static ClassRecord readSample() throws IOException {
        try (InputStream file =
                Sample.class.getResourceAsStream("ClassFileReaderTest$Sample.class")) {
            assertTrue(file != null);
            return new ClassFileReader().read("test", file.readAllBytes());
        }
    }
}
