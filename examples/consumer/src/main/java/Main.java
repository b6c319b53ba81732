import org.quantalang.memory.*;

public class Main {
    public static void main(String[] args) {
        TypeInfo node = TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
        try (ConfinedHeap heap = ConfinedHeap.open()) {
            long a = heap.allocate(node), b = heap.allocate(node); // two addresses outside the Java heap
            heap.setReference(a, node.offset("next"), b); // each field holds a reference of its own,
            heap.setReference(b, node.offset("next"), a); // so this is a cycle
            heap.release(a);
            heap.release(b); // nobody holds the two but each other: counting alone cannot free them
            System.out.println("freed " + heap.collectCycles().freedObjects()); // freed 2
        }
    }
}
