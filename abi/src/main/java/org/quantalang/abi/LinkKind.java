package org.quantalang.abi;

/** How a library is linked. */
public enum LinkKind {
    /** A shared library, found when the program starts. */
    DYNAMIC,
    /** An archive, copied into the program. */
    STATIC,
    /** A framework of Apple's systems. */
    FRAMEWORK
}
