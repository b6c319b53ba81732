package org.quantalang.memory.inspect;

/**
 * Objects of one type so far; counted only in heaps configured so.
 *
 * @param type name of the type
 * @param allocated objects allocated
 * @param freed objects that died
 */
public record TypeCounts(String type, long allocated, long freed) {}
