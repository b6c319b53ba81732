/** C types, record layouts, calling conventions, and calls into and out of C libraries. */
module org.quantalang.abi {
    requires static transitive org.jspecify;

    exports org.quantalang.abi;
    exports org.quantalang.abi.layout;
    exports org.quantalang.abi.call;
}
