/**
 * The calling conventions, one class each: from types to registers and stack offsets. Pure
 * functions, any thread.
 */
@NullMarked
package org.quantalang.abi.internal.convention;

import org.jspecify.annotations.NullMarked;
