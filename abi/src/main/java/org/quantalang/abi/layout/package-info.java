/**
 * Where the fields of a record lie, in bits, for every target; for the host also as a {@link
 * java.lang.foreign.MemoryLayout} and accessors. Everything is immutable and usable by any thread.
 */
@NullMarked
package org.quantalang.abi.layout;

import org.jspecify.annotations.NullMarked;
