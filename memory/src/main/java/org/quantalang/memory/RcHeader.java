package org.quantalang.memory;

/**
 * What an object's header says at one moment.
 *
 * @param strong strong references; the object dies with the last
 * @param weak weak references; they keep the header, not the object
 * @param color where the cycle collector stands with it
 * @param buffered whether it is a buffered candidate of the cycle collector
 * @param immortal whether the strong count no longer counts, by request or because it was saturated
 * @param finalized whether its destructor has run
 * @param type its type
 */
public record RcHeader(
        long strong,
        long weak,
        GcColor color,
        boolean buffered,
        boolean immortal,
        boolean finalized,
        TypeInfo type) {}
