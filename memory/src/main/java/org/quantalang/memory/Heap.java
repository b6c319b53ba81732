package org.quantalang.memory;

import org.quantalang.memory.inspect.HeapNumbers;
import org.quantalang.memory.inspect.Histogram;
import org.quantalang.memory.inspect.LeakReport;
import org.quantalang.memory.inspect.SizeClassStats;
import org.quantalang.memory.inspect.TypeCounts;
import org.quantalang.memory.inspect.VerificationReport;

import java.util.List;

/**
 * A heap of reference-counted objects outside the Java heap. An object is the {@code long} address
 * of its payload; what a C program holds is what Java holds.
 *
 * <p>Whoever allocates or retains an object owns one reference and must release it. "Borrowed"
 * means: valid as long as somebody else's reference is. Nothing here checks addresses: a wrong one
 * damages the heap or the process.
 *
 * <p>This interface is for code that works with either kind of heap. Where speed counts, call the
 * methods on the final class, such as {@link ConfinedHeap}, so that the JIT sees one target.
 */
public sealed interface Heap extends AutoCloseable permits PayloadAccess {
    /**
     * Makes types known to the heap; see {@link TypeInfo}.
     *
     * @param types the types
     */
    void register(TypeInfo... types);

    /**
     * Whether objects of a type can be part of a cycle, given all types that the heap knows.
     *
     * @param type the type
     * @return whether it is so
     */
    boolean canCycle(TypeInfo type);

    /**
     * Allocates an object with a zeroed payload.
     *
     * @param type the type
     * @return the object; the caller owns its one reference
     * @throws HeapOutOfMemoryError if there is no room
     */
    long allocate(TypeInfo type);

    /**
     * As {@link #allocate}, but only the reference fields are zeroed.
     *
     * @param type the type
     * @return the object; the caller owns its one reference
     */
    long allocateUninitialized(TypeInfo type);

    /**
     * Allocates an array with zeroed elements.
     *
     * @param length number of elements
     * @param type the type
     * @return the array; the caller owns its one reference
     * @throws IllegalArgumentException if {@code length} is negative or the type is no array type
     * @throws HeapOutOfMemoryError if there is no room
     */
    long allocateArray(TypeInfo type, long length);

    /**
     * As {@link #allocateArray}, but only references are zeroed.
     *
     * @param type the type
     * @param length number of elements
     * @return the object; the caller owns its one reference
     */
    long allocateArrayUninitialized(TypeInfo type, long length);

    /**
     * Adds one strong reference.
     *
     * @param object the object; borrowed
     */
    void retain(long object);

    /**
     * Takes one strong reference away; with the last, the object dies.
     *
     * @param object the object; borrowed
     */
    void release(long object);

    /**
     * Adds one weak reference.
     *
     * @param object the object; borrowed
     */
    void weakRetain(long object);

    /**
     * Takes one weak reference away.
     *
     * @param object the object; borrowed
     */
    void weakRelease(long object);

    /**
     * Turns a weak reference into a strong one, if the object still lives.
     *
     * @param object an object to which the caller holds a weak reference
     * @return the object, with one more strong reference that the caller owns; 0 if it is dead
     */
    long upgrade(long object);

    /**
     * Makes an object live until the heap closes; counts no longer change it.
     *
     * @param object the object; borrowed
     */
    void makeImmortal(long object);

    /**
     * Strong references to an object.
     *
     * @param object the object; borrowed
     * @return the number
     */
    long strongCount(long object);

    /**
     * Weak references to an object.
     *
     * @param object the object; borrowed
     * @return the number
     */
    long weakCount(long object);

    /**
     * All that the header says.
     *
     * @param object the object; borrowed
     * @return what it says
     */
    RcHeader header(long object);

    /**
     * The type of an object.
     *
     * @param object the object; borrowed
     * @return the type
     */
    TypeInfo typeOf(long object);

    /**
     * Number of elements of an array.
     *
     * @param array the array; borrowed
     * @return the number
     */
    long length(long array);

    /**
     * Reads a reference field or element.
     *
     * @param object the holder
     * @param offset bytes from the start of its payload
     * @return what it points to, borrowed; or 0
     */
    long getReference(long object, long offset);

    /**
     * Stores a reference: retains {@code value}, releases what was there. Either may be 0.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    void setReference(long object, long offset, long value);

    /**
     * Stores a reference that the caller owns: it moves into the field. Releases what was there.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param owned a reference that the caller owns, or 0
     */
    void moveReference(long object, long offset, long owned);

    /**
     * Stores a reference that the caller owns into a field that holds 0, as after allocation.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param owned a reference that the caller owns, or 0
     */
    void initReference(long object, long offset, long owned);

    /**
     * Stores a reference and hands out what was there.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     * @return what was there; the caller owns its reference
     */
    long exchangeReference(long object, long offset, long value);

    /**
     * Stores a reference if the field holds {@code expected}; counts as {@link #setReference}.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param expected what the field must hold; may be 0
     * @param value the value
     * @return whether it is so
     */
    boolean compareAndSetReference(long object, long offset, long expected, long value);

    /**
     * Stores into a weak field: one weak reference more for {@code value}, one less for the old.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    void setWeakReference(long object, long offset, long value);

    /**
     * Reads a weak field.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return what it points to, with a strong reference that the caller owns; 0 if null or dead
     */
    long loadWeak(long object, long offset);

    /** Frees dead objects that wait because of the release budget, all of them. */
    void drain();

    /** {@return frees all garbage cycles} */
    CollectionResult collectCycles();

    /** {@return the seed's statistics} Cost: one step for each page. */
    GcStats stats();

    /**
     * {@return objects that hold a block: alive, waiting, or dead but held weakly} A step for each
     * page.
     */
    long liveObjects();

    /** {@return bytes of their blocks} A step for each page. */
    long liveBytes();

    /** {@return bytes of memory the heap's pages of objects hold from the system} */
    long heldBytes();

    /**
     * Takes all numbers at once. A step for each block. The environment variable {@code
     * QUANTA_HEAP_STATS} ({@code stderr} or a file) has them written when a heap closes, and when
     * the process ends.
     *
     * @return what the heap did and holds
     */
    HeapNumbers numbers();

    /**
     * The account of the whole heap, whose limit is the heap's; from it accounts with limits of
     * their own are opened.
     *
     * @return the account; need not be closed
     */
    Account account();

    /** {@return live objects by type} Cost: one step for each block. */
    Histogram histogram();

    /**
     * Says what each size class allocated, freed, holds and held at most. A step for each page.
     *
     * @return the classes that were ever used
     */
    List<SizeClassStats> sizeClasses();

    /**
     * Says what was allocated and freed of each type; see {@link HeapConfig#withCountsPerType}.
     *
     * @return the types; empty if the heap does not count per type
     */
    List<TypeCounts> typeCounts();

    /**
     * Walks the heap and checks every invariant.
     *
     * @return what was looked at
     * @throws IllegalStateException if anything is wrong; the message names what
     */
    VerificationReport verify();

    // ---- payload, by address: unchecked unless checked mode is on

    /**
     * Reads a 64-bit integer at {@code offset}, a multiple of 8.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return the value
     */
    long getLong(long object, long offset);

    /**
     * Writes a 64-bit integer at {@code offset}, a multiple of 8.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    void putLong(long object, long offset, long value);

    /**
     * Reads a 32-bit integer at {@code offset}, a multiple of 4.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return the value
     */
    int getInt(long object, long offset);

    /**
     * Writes a 32-bit integer at {@code offset}, a multiple of 4.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    void putInt(long object, long offset, int value);

    /**
     * Reads a 16-bit integer at {@code offset}, a multiple of 2.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return the value
     */
    short getShort(long object, long offset);

    /**
     * Writes a 16-bit integer at {@code offset}, a multiple of 2.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    void putShort(long object, long offset, short value);

    /**
     * Reads a byte.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return the value
     */
    byte getByte(long object, long offset);

    /**
     * Writes a byte.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    void putByte(long object, long offset, byte value);

    /**
     * Reads a 64-bit floating point number at {@code offset}, a multiple of 8.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return the value
     */
    double getDouble(long object, long offset);

    /**
     * Writes a 64-bit floating point number at {@code offset}, a multiple of 8.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    void putDouble(long object, long offset, double value);

    /**
     * Reads a 32-bit floating point number at {@code offset}, a multiple of 4.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return the value
     */
    float getFloat(long object, long offset);

    /**
     * Writes a 32-bit floating point number at {@code offset}, a multiple of 4.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param value the value
     */
    void putFloat(long object, long offset, float value);

    /**
     * Copies bytes into a payload.
     *
     * @param source the bytes
     * @param sourceIndex index of the first byte
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param bytes number of bytes
     */
    void copyIn(byte[] source, int sourceIndex, long object, long offset, int bytes);

    /**
     * Copies bytes out of a payload.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param target where to copy to
     * @param targetIndex index of the first byte
     * @param bytes number of bytes
     */
    void copyOut(long object, long offset, byte[] target, int targetIndex, int bytes);

    /**
     * Fills bytes of a payload.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @param bytes number of bytes
     * @param value the value
     */
    void fill(long object, long offset, long bytes, byte value);

    /**
     * Allocates a byte array with a copy of {@code source}; the caller owns it.
     *
     * @param source the bytes
     * @return the object; the caller owns its one reference
     */
    long allocateBytes(byte[] source);

    /**
     * The contents of an off-heap byte array.
     *
     * @param array the array; borrowed
     * @return a copy
     */
    byte[] bytesOf(long array);

    // ---- the whole

    /**
     * Searches for objects that are held from outside the heap, and what keeps the others alive.
     * Cost: some steps, and some 50 bytes of the Java heap, for each object.
     *
     * @return what it found
     */
    LeakReport leaks();

    /** Gives empty pages back to the system now. */
    void trim();

    /**
     * Frees the heap with all its objects; no destructor runs. What becomes of objects that are
     * still held says {@link HeapConfig#withLeakPolicy}. A second close does nothing.
     *
     * @throws IllegalStateException if the heap is in use: views are open, a destructor or a
     *     collection runs, another thread owns it; or by {@link LeakPolicy#FAIL}. The heap is open
     *     then, and may be closed later
     */
    @Override
    void close();

    /**
     * As {@link #close()}, whatever the heap was configured to do with objects that are still held.
     *
     * @param policy what to do with them
     */
    void close(LeakPolicy policy);
}
