/**
 * JMH benchmarks of the heap's address tier; run with {@code java -jar bench/target/benchmarks.jar}
 * of a JDK 25.
 *
 * <p>JMH makes one state object a thread, which owns its confined heap.
 */
@NullMarked
package org.quantalang.bench.memory;

import org.jspecify.annotations.NullMarked;
