package org.quantalang.memory.inspect;

/**
 * What a verification looked at and found right.
 *
 * @param objects objects alive
 * @param held dead objects whose header is still held by a weak reference or a buffer
 * @param references strong references between objects
 * @param weakReferences weak references in fields
 * @param bytes bytes of all blocks in use
 * @param unreachable objects alive that the given roots do not lead to; 0 if none were given
 */
public record VerificationReport(
        long objects,
        long held,
        long references,
        long weakReferences,
        long bytes,
        long unreachable) {}
