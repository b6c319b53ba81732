/**
 * The tasks benchmark: one set of rows, run by this runtime's executor and by its peers, each in
 * the style of its own documents and, where it has one, its own language.
 *
 * <p>{@link org.quantalang.bench.scheduler.TaskRow} says what is measured, {@link
 * org.quantalang.bench.scheduler.TaskPeer} what a peer has to run. Shapes after Tokio's benchmarks
 * of its scheduler and the skynet benchmark.
 */
@NullMarked
package org.quantalang.bench.scheduler;

import org.jspecify.annotations.NullMarked;
