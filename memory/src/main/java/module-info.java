/** Reference-counted objects outside the Java heap, and the collector of their cycles. */
module org.quantalang.memory {
    requires transitive org.quantalang.abi;
    requires static transitive org.jspecify;
}
