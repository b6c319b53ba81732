/**
 * Reference-counted objects outside the Java heap.
 *
 * <p>{@link org.quantalang.memory.ConfinedHeap} belongs to one thread and counts plainly. Objects
 * are {@code long} addresses of payloads in reserved off-heap memory; types are described by {@link
 * org.quantalang.memory.TypeInfo}. Counting frees at once what is no longer held; a collector frees
 * garbage cycles. The names are those of the QuantaLang runtime's design: {@code RcHeader}, {@code
 * GcColor}, {@code TypeInfo}, {@code GcStats}.
 */
@NullMarked
package org.quantalang.memory;

import org.jspecify.annotations.NullMarked;
