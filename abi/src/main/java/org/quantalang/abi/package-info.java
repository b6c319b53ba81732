/**
 * C as data: targets, types, records, function signatures, calling conventions, and C declarations
 * read from text.
 *
 * <p>Nothing here asks for a pointer size: whatever depends on the machine is asked together with a
 * {@link org.quantalang.abi.Target}. All types are immutable and usable by any thread, except a
 * {@link org.quantalang.abi.CStructDef} that is declared and not yet defined.
 *
 * <p>Sources: the System V, Microsoft, Arm and RISC-V documents named at each convention, and what
 * clang 19 and gcc 12 do.
 */
@NullMarked
package org.quantalang.abi;

import org.jspecify.annotations.NullMarked;
