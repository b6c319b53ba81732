/**
 * Heaps that any thread may use: biased counts, what an owner is told, who runs an ended thread's
 * share. Any thread, unless a method says otherwise.
 */
@NullMarked
package org.quantalang.memory.internal.shared;

import org.jspecify.annotations.NullMarked;
