/**
 * The {@code quanta bench} command and its subcommands.
 *
 * <p>Commands run on the main thread; a workload that needs threads starts its own.
 */
@NullMarked
package org.quantalang.bench.cli;

import org.jspecify.annotations.NullMarked;
