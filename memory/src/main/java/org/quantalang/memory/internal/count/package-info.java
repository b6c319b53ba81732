/** What happens when a count reaches zero: destructors, children, the block. Owner thread only. */
@NullMarked
package org.quantalang.memory.internal.count;

import org.jspecify.annotations.NullMarked;
