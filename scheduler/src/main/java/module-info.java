/** A work-stealing executor for pollable tasks. */
module org.quantalang.scheduler {
    requires org.jctools.core;
    requires org.jctools.core.jdk11;
    requires static transitive org.jspecify;

    exports org.quantalang.scheduler;
}
