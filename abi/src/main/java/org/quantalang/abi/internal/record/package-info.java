/**
 * The rules that place fields: GNU, MSVC and MinGW. Called by {@code abi.layout} only; pure
 * functions, any thread.
 */
@NullMarked
package org.quantalang.abi.internal.record;

import org.jspecify.annotations.NullMarked;
