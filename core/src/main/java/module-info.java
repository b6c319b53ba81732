/** The runtime a program links against, and the {@code quanta} command. */
module org.quantalang.core {
    requires transitive org.quantalang.abi;
    requires transitive org.quantalang.memory;
    requires transitive org.quantalang.scheduler;
    requires transitive info.picocli;
    requires transitive com.fasterxml.jackson.core;
    requires static transitive org.jspecify;

    exports org.quantalang.core.cli;

    opens org.quantalang.core.cli to
            info.picocli;

    uses org.quantalang.core.cli.CommandProvider;
}
