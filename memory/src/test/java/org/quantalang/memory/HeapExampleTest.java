package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The program of the README's section on the heap: the same text, and it does what that says. */
class HeapExampleTest {
    // begin
    static List<String> lifeOfAFile() {
        List<String> said = new ArrayList<>();
        TypeInfo folder = TypeInfo.builder("Folder").reference("file", "File").build();
        TypeInfo file =
                TypeInfo.builder("File")
                        .weakReference("folder", folder)
                        .int64("size")
                        .destructor((heap, object) -> said.add("file is gone"))
                        .build();
        HeapConfig config = HeapConfig.DEFAULT.withLimitBytes(64 << 20);
        try (ConfinedHeap heap = ConfinedHeap.open(config)) {
            long home = heap.allocate(folder);
            long notes = heap.allocate(file);
            heap.setWeakReference(notes, file.offset("folder"), home); // does not keep it alive
            heap.moveReference(home, folder.offset("file"), notes); // the field owns the file now

            long found =
                    heap.loadWeak(notes, file.offset("folder")); // a reference of our own, or 0
            said.add("found its folder: " + (found == home));
            heap.release(found);

            long names = heap.allocateArray(TypeInfo.byteArray(), 1_000_000); // zeroed
            said.add("bytes: " + heap.length(names));
            heap.release(names); // its pages can go back to the system

            heap.release(home); // the last reference: the folder dies, and the file with it
            said.add("alive: " + heap.liveObjects());
        }
        return said;
    }

    // end

    @Test
    void doesWhatItSays() {
        assertEquals(
                List.of("found its folder: true", "bytes: 1000000", "file is gone", "alive: 0"),
                lifeOfAFile());
    }

    @Test
    void isTheReadmes() throws IOException {
        Readme.assertShows("## The heap", HeapExampleTest.class);
    }
}
