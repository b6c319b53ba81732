/** The system properties that tune heaps. Any class of this module reads them; any thread. */
@NullMarked
package org.quantalang.memory.internal.tuning;

import org.jspecify.annotations.NullMarked;
