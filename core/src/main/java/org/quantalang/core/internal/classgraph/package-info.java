/**
 * The class graph of the running JDK, the real input of {@code quanta demo}: read from the module
 * image by tasks, hosted off heap by the heap's owner thread, questioned there, and taken down
 * module by module.
 *
 * <p>What is read ({@link org.quantalang.core.internal.classgraph.ClassRecord}) is immutable and
 * crosses threads; everything that touches the heap belongs to its owner thread. {@link
 * org.quantalang.core.internal.classgraph.ExpectedGraph} counts the same graph on the Java heap
 * with code of its own, so that the two can be held against each other.
 */
@NullMarked
package org.quantalang.core.internal.classgraph;

import org.jspecify.annotations.NullMarked;
