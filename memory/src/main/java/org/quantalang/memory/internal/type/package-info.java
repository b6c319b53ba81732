/**
 * Types as one heap knows them: off-heap descriptors, whether each can be part of a cycle, and
 * where an object's references are. Owner thread only.
 */
@NullMarked
package org.quantalang.memory.internal.type;

import org.jspecify.annotations.NullMarked;
