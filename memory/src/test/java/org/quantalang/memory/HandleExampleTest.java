package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.io.IOException;

/** The program of the README's section on handles: the same text, and it does what that says. */
class HandleExampleTest {
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
        Readme.assertShows("## Objects by handle", HandleExampleTest.class);
    }
}
