/** What is in a heap: histograms and the verifier's report. Values only; any thread. */
@NullMarked
package org.quantalang.memory.inspect;

import org.jspecify.annotations.NullMarked;
