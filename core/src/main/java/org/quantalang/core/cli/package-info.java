/**
 * The {@code quanta} command line: one class a command, found through {@link
 * org.quantalang.core.cli.CommandProvider}.
 *
 * <p>Commands run on the main thread. They print data to standard output and everything else to
 * standard error, and never let an exception reach the user as a stack trace.
 */
@NullMarked
package org.quantalang.core.cli;

import org.jspecify.annotations.NullMarked;
