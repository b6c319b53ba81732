/**
 * Collection of garbage cycles. Owner thread only. After Bacon and Rajan, ECOOP 2001 (LNCS 2072).
 */
@NullMarked
package org.quantalang.memory.internal.cycle;

import org.jspecify.annotations.NullMarked;
