/**
 * Whole programs on the off-heap heap, the same in algorithm, random numbers and checksums as those
 * in {@code bench/peers} in other languages.
 *
 * <p>A workload is confined to the thread that made it. It uses the address tier: objects are
 * {@code long} addresses, counts change through {@link org.quantalang.memory.ConfinedHeap}, payload
 * is read and written with {@link org.quantalang.bench.workload.RawMemory}.
 */
@NullMarked
package org.quantalang.bench.workload;

import org.jspecify.annotations.NullMarked;
