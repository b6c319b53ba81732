package org.quantalang.memory;

import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On tests that need a candidate of the cycle collector, or garbage that it would free, to wait:
 * not run when every candidate is followed by a complete collection.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@DisabledIfSystemProperty(
        named = "quanta.heap.stressCycles",
        matches = "true",
        disabledReason = "asserts what is true only until the next collection")
@interface CandidatesMustWait {}
