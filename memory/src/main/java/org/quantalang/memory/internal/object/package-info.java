/**
 * Raw memory, the header word and the off-heap type table: what every other part of a heap stands
 * on. Owner thread only, except {@link org.quantalang.memory.internal.object.Memory}.
 */
@NullMarked
package org.quantalang.memory.internal.object;

import org.jspecify.annotations.NullMarked;
