/**
 * Runs the workloads of this runtime and the same programs in other languages, process by process
 * in turn, and tells how they compare.
 *
 * <p>One thread. Every measurement is a process of its own.
 */
@NullMarked
package org.quantalang.bench.compare;

import org.jspecify.annotations.NullMarked;
