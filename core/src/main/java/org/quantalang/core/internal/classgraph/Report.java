package org.quantalang.core.internal.classgraph;

import java.util.List;

/**
 * What the class graph job found, beside what was expected.
 *
 * @param classes classes hosted
 * @param fields fields hosted
 * @param methods methods hosted
 * @param objects objects alive when all was hosted: these, their names and their arrays
 * @param references strong references between classes, fields and methods
 * @param bytesOffHeap bytes of those objects
 * @param retains references the job took by its own calls
 * @param releases references the job dropped by its own calls
 * @param freedByCounting objects that counting freed while the graph was taken down
 * @param freedByCollector objects that the cycle collector freed
 * @param collectorNanos time in the collector
 * @param longestPauseNanos longest time in the collector at once
 * @param liveObjects objects left at the end
 * @param liveBytes bytes left at the end
 * @param largestComponent nodes of the biggest strongly connected component
 * @param components strongly connected components
 * @param expectedReferences the same counted on the Java heap
 * @param expectedLargestComponent the same counted on the Java heap
 * @param expectedComponents the same counted on the Java heap
 * @param membersOfOtherClasses members whose weak reference missed their class; must be 0
 * @param sorted whether the C library's sort through a Java callback ordered all names
 * @param mostReferenced the classes with the most references to them
 * @param times where the time went
 */
public record Report(
        long classes,
        long fields,
        long methods,
        long objects,
        long references,
        long bytesOffHeap,
        long retains,
        long releases,
        long freedByCounting,
        long freedByCollector,
        long collectorNanos,
        long longestPauseNanos,
        long liveObjects,
        long liveBytes,
        long largestComponent,
        long components,
        long expectedReferences,
        long expectedLargestComponent,
        long expectedComponents,
        long membersOfOtherClasses,
        boolean sorted,
        List<ClassGraphDemo.Referenced> mostReferenced,
        Times times) {

    /**
     * Where the time went.
     *
     * @param readNanos reading the class files and counting on the Java heap
     * @param hostNanos building the graph off heap
     * @param askNanos walking it and sorting the names
     * @param dropNanos taking it down
     */
    public record Times(long readNanos, long hostNanos, long askNanos, long dropNanos) {}

    /** Whether every number agrees and nothing is left alive. */
    public boolean ok() {
        return references == expectedReferences
                && largestComponent == expectedLargestComponent
                && components == expectedComponents
                && membersOfOtherClasses == 0
                && sorted
                && freedByCounting + freedByCollector == objects
                && liveObjects == 0
                && liveBytes == 0;
    }
}
