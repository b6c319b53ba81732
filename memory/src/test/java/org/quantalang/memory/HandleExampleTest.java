package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** The program of the README's section on handles: the same text, and it does what that says. */
class HandleExampleTest {
    private static final Path SOURCE =
            Path.of("src/test/java/org/quantalang/memory/HandleExampleTest.java");
    private static final Path README = Path.of("../README.md");

    // begin
    interface Person {} // a name for the compiler; nothing implements it

    static final RefType<Person> PERSON =
            RefType.of(
                    Person.class,
                    TypeInfo.builder("Person").reference("friend", "Person").int32("age").build());
    static final IntField AGE = PERSON.intField("age");
    static final RefField<Person> FRIEND = PERSON.refField("friend", PERSON);

    static int ageOfFriend() {
        try (ConfinedHeap heap = ConfinedHeap.open();
                Ref<Person> ann = PERSON.allocate(heap);
                Ref<Person> bob = PERSON.allocate(heap)) {
            AGE.set(bob, 42);
            FRIEND.set(ann, bob);
            bob.clear(); // ann's field holds him now
            FRIEND.get(ann, bob); // a handle serves one object after the other
            return AGE.get(bob);
        } // AGE.get(bob) here: an exception, never a wrong value
    }

    // end

    @Test
    void doesWhatItSays() {
        assertEquals(42, ageOfFriend());
    }

    @Test
    void isTheReadmes() throws IOException {
        String readme = Files.readString(README);
        int section = readme.indexOf("## Objects by handle");
        int start = readme.indexOf("```java\n", section) + "```java\n".length();
        List<String> source = Files.readAllLines(SOURCE);
        String program =
                source
                        .subList(source.indexOf("    // begin") + 1, source.indexOf("    // end"))
                        .stream()
                        .map(line -> line.isEmpty() ? line : line.substring(4))
                        .collect(Collectors.joining("\n"));
        assertEquals(
                program.strip(), readme.substring(start, readme.indexOf("```", start)).strip());
    }
}
