package org.quantalang.core.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A folder that looks to the launcher like a checkout of this project, with the modules that this
 * build has just packaged and a stand-in for Maven that says when it ran.
 */
final class Checkout {
    private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();
    private static final long TIMEOUT_SECONDS = 120;

    private final Path root;
    private final Path tools;

    private Checkout(Path root, Path tools) {
        this.root = root;
        this.tools = tools;
    }

    /** What a finished process left. */
    record Outcome(int exitCode, String out, String err) {}

    /** Lays out sources that have never been built. */
    static Checkout withNothingBuilt(Path folder) throws IOException {
        Path root = Files.createDirectories(folder.resolve("checkout"));
        Path tools = Files.createDirectories(folder.resolve("tools"));
        Files.copy(PROJECT.resolve("quanta"), root.resolve("quanta"));
        Files.createDirectory(root.resolve(".mvn"));
        Files.copy(PROJECT.resolve(".mvn/find-jdk"), root.resolve(".mvn/find-jdk"));
        Files.writeString(root.resolve("pom.xml"), "<project/>");
        for (String module : List.of("abi", "memory", "scheduler", "core", "bench")) {
            Path source = Files.createDirectories(root.resolve(module + "/src/main"));
            Files.writeString(source.resolve("Source.java"), "class Source {}");
            Files.writeString(root.resolve(module + "/pom.xml"), "<project/>");
        }
        var checkout = new Checkout(root, tools);
        checkout.installMaven("");
        for (Path path : List.of(folder, root, tools)) {
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        return checkout;
    }

    /** Lays out sources and what a build of them leaves. */
    static Checkout built(Path folder) throws IOException {
        Checkout checkout = withNothingBuilt(folder);
        Path app = Files.createDirectories(checkout.root.resolve(".quanta/app-0"));
        Path modules = Files.createDirectory(app.resolve("modules"));
        Files.createDirectory(app.resolve("classpath"));
        for (Path jar : packagedModules()) {
            Files.copy(jar, modules.resolve(jar.getFileName()));
        }
        Files.createFile(app.resolve("stamp"));
        Files.createSymbolicLink(checkout.root.resolve(".quanta/app"), Path.of("app-0"));
        return checkout;
    }

    private static List<Path> packagedModules() throws IOException {
        var jars = new ArrayList<Path>();
        for (Path folder : List.of(Path.of("target"), Path.of("target/lib"))) {
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(file -> file.toString().endsWith(".jar"))
                        .map(Path::toAbsolutePath)
                        .forEach(jars::add);
            }
        }
        return jars;
    }

    Path root() {
        return root;
    }

    /** Puts a stand-in for Maven on the PATH: it counts its runs, then does {@code script}. */
    void installMaven(String script) throws IOException {
        var copies = new StringBuilder();
        for (Path jar : packagedModules()) {
            boolean own = jar.getFileName().toString().startsWith("quanta-core");
            String folder = own ? "core/target" : "core/target/lib";
            copies.append("cp '%s' '%s/%s/'%n".formatted(jar, root, folder));
        }
        String text =
                """
                #!/usr/bin/env bash
                echo "$*" >> '%s/maven-runs'
                %s
                mkdir -p '%s'/{core,bench}/target/lib
                %s
                touch '%s'/bench/target/quanta-bench-0.jar '%s'/bench/target/lib/other.jar
                """
                        .formatted(tools, script, root, copies, root, root);
        installTool("mvn", text);
    }

    /** Puts a command on the PATH, before all others. */
    void installTool(String name, String text) throws IOException {
        Path tool = tools.resolve(name);
        Files.writeString(tool, text);
        Files.setPosixFilePermissions(tool, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    int mavenRuns() throws IOException {
        Path runs = tools.resolve("maven-runs");
        return Files.exists(runs) ? Files.readAllLines(runs).size() : 0;
    }

    void touchASource() throws IOException {
        Files.setLastModifiedTime(
                root.resolve("memory/src/main/Source.java"),
                FileTime.from(Instant.now().plusSeconds(5)));
    }

    ProcessBuilder command(String... command) {
        var builder = new ProcessBuilder(command).directory(root.toFile());
        Map<String, String> environment = builder.environment();
        environment.put("PATH", tools + ":/usr/bin:/bin");
        environment.put("JAVA25_HOME", System.getProperty("java.home"));
        environment.remove("JAVA_HOME");
        environment.remove("QUANTA_JAVA_FLAGS");
        return builder;
    }

    /** Runs {@code ./quanta} with these arguments to its end. */
    Outcome quanta(String... arguments) throws Exception {
        var command = new ArrayList<String>(List.of("./quanta"));
        command.addAll(List.of(arguments));
        return finish(command(command.toArray(String[]::new)).start());
    }

    /** Waits for the end of a process; it and what it started do not outlive this call. */
    static Outcome finish(Process process) throws Exception {
        // The streams are read beside each other, so that neither can block the process.
        CompletableFuture<String> out = reading(process.getInputStream());
        CompletableFuture<String> err = reading(process.getErrorStream());
        boolean ended;
        try {
            ended = process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        // What a process leaves behind may hold its streams open.
        String allOut = out.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        String allErr = err.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        if (!ended) {
            throw new AssertionError(
                    "still running after " + TIMEOUT_SECONDS + " s: " + allOut + allErr);
        }
        return new Outcome(process.exitValue(), allOut, allErr);
    }

    private static CompletableFuture<String> reading(InputStream stream) {
        return CompletableFuture.supplyAsync(
                () -> read(stream), reader -> Thread.ofPlatform().daemon().start(reader));
    }

    private static String read(InputStream stream) {
        try {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
