/**
 * What the handle tier keeps beside its handles: their reports, views, Java objects held off heap.
 * Each class says who may call it.
 */
@NullMarked
package org.quantalang.memory.internal.handle;

import org.jspecify.annotations.NullMarked;
