/**
 * Address space, pages and size classes: where a heap's blocks come from and go back to. Owner
 * thread only. After mimalloc's page design (Leijen, Zorn, de Moura, 2019), with the metadata out
 * of line.
 */
@NullMarked
package org.quantalang.memory.internal.alloc;

import org.jspecify.annotations.NullMarked;
