/** The heap walk and the verifier. Owner thread only. */
@NullMarked
package org.quantalang.memory.internal.debug;

import org.jspecify.annotations.NullMarked;
