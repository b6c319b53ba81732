/** Reference-counted objects outside the Java heap, and the collector of their cycles. */
module org.quantalang.memory {
    requires transitive org.quantalang.abi;
    requires jdk.jfr;
    requires static org.jspecify;

    exports org.quantalang.memory;
    exports org.quantalang.memory.inspect;
}
