package org.quantalang.core.cli;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.TaskFailedException;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;

/**
 * The {@code quanta} command: finds the commands, runs one, and turns its outcome into an exit
 * code.
 *
 * <pre>
 *   0  done
 *   1  the work or the input failed
 *   2  wrong use of the command line
 * 130  interrupted (the virtual machine's own code for SIGINT)
 * </pre>
 *
 * <p>A failure is one line on standard error; {@code --debug} adds the stack trace. Characters that
 * a terminal would obey are shown as U+FFFD.
 */
@Command(
        name = "quanta",
        description = "The Quanta runtime: off-heap objects, tasks and C calls for Java.",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        versionProvider = Quanta.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:the work or the input failed",
            "2:wrong use of the command line",
            "130:interrupted"
        },
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n")
public final class Quanta implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--debug",
            scope = ScopeType.INHERIT,
            description = "Print the stack trace of a failure.")
    private boolean debug;

    Quanta() {}

    /** Prints the help when no command is named, which is wrong use. */
    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "a command is missing; there are "
                        + String.join(", ", spec.subcommands().keySet()));
    }

    /**
     * Runs the command that the arguments name and ends the process with its exit code.
     *
     * @param arguments the command line
     */
    public static void main(String[] arguments) {
        // Numbers are read by programs too: some locales have digits of their own.
        Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
        var standardOutput = new StandardOutput();
        var out = new PrintWriter(standardOutput, false, StandardCharsets.UTF_8);
        var err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        int code = execute(out, err, arguments);
        out.flush();
        if (standardOutput.failure() != null) {
            // A reader that went away (quanta ... | head) has what it wanted: no message, but no
            // success.
            if (!standardOutput.readerWentAway()) {
                err.println(
                        "quanta: cannot write to standard output: "
                                + standardOutput.failure().getMessage());
            }
            code = code == CommandLine.ExitCode.OK ? CommandLine.ExitCode.SOFTWARE : code;
        }
        System.exit(code);
    }

    /**
     * Runs the command that the arguments name, inside this process.
     *
     * @param out receives the data; the caller flushes it
     * @param err receives progress and errors
     * @param arguments the command line
     * @return the exit code
     */
    public static int execute(PrintWriter out, PrintWriter err, String... arguments) {
        if (arguments.length == 1 && arguments[0].equals("--version")) {
            out.println(Version.current()); // without loading what only commands need
            return 0;
        }
        try {
            return commandLine(out, err).execute(arguments);
        } catch (Throwable failure) { // also an Error: the user never sees a stack trace unasked
            return report(err, failure, List.of(arguments).contains("--debug"));
        }
    }

    private static CommandLine commandLine(PrintWriter out, PrintWriter err) {
        var quanta = new Quanta();
        var line = new CommandLine(quanta);
        line.setExpandAtFiles(false); // a file may be called so
        for (Object command :
                List.of(
                        new DemoCommand(),
                        new LayoutCommand(),
                        new ClassifyCommand(),
                        new InfoCommand())) {
            line.addSubcommand(command);
        }
        for (CommandProvider provider : ServiceLoader.load(CommandProvider.class)) {
            line.addSubcommand(provider.command());
        }
        line.addSubcommand(new CommandLine.HelpCommand());
        boolean colours = Progress.isTerminal("out") && Progress.isTerminal("err");
        line.setColorScheme(
                CommandLine.Help.defaultColorScheme(
                        colours ? CommandLine.Help.Ansi.AUTO : CommandLine.Help.Ansi.OFF));
        line.setOut(out);
        line.setErr(err);
        line.setExecutionStrategy(Quanta::runWhatIsKnown);
        line.setParameterExceptionHandler(
                (mistake, _) -> {
                    CommandLine at = mistake.getCommandLine();
                    err.println("quanta: " + Printable.lines(explain(mistake)));
                    err.println(
                            "try '%s --help'".formatted(at.getCommandSpec().qualifiedName(" ")));
                    return CommandLine.ExitCode.USAGE;
                });
        line.setExecutionExceptionHandler((failure, _, _) -> report(err, failure, quanta.debug));
        return line;
    }

    /** Refuses what picocli passes over beside {@code --help}, then runs the last command. */
    private static int runWhatIsKnown(ParseResult parsed) {
        for (ParseResult each :
                parsed.asCommandLineList().stream().map(CommandLine::getParseResult).toList()) {
            if (!each.unmatched().isEmpty()) {
                throw new UnmatchedArgumentException(
                        each.commandSpec().commandLine(), each.unmatched());
            }
        }
        return new CommandLine.RunLast().execute(parsed);
    }

    /** Says what is wrong in this command's own voice; picocli suggests what may be meant. */
    private static String explain(ParameterException mistake) {
        if (mistake instanceof UnmatchedArgumentException unmatched) {
            String argument = unmatched.getUnmatched().getFirst();
            boolean commands = !mistake.getCommandLine().getSubcommands().isEmpty();
            boolean option = argument.startsWith("-");
            String kind = option ? "option" : commands ? "command" : "argument";
            List<String> near = unmatched.getSuggestions();
            String meant = near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near);
            String all = commands && !option ? "; there are " + commandsOf(mistake) : "";
            return "unknown %s '%s'%s%s".formatted(kind, Printable.line(argument), meant, all);
        }
        if (mistake.getArgSpec() == null && mistake.getValue() != null) { // of the help command
            return "unknown command '%s'; there are %s"
                    .formatted(Printable.line(mistake.getValue()), commandsOf(mistake));
        }
        String message = String.valueOf(mistake.getMessage());
        return message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
    }

    private static String commandsOf(ParameterException mistake) {
        return String.join(", ", mistake.getCommandLine().getSubcommands().keySet());
    }

    private static int report(PrintWriter err, Throwable failure, boolean debug) {
        @Nullable Throwable cause = failure.getCause();
        Throwable told = failure instanceof TaskFailedException && cause != null ? cause : failure;
        String message =
                switch (told) {
                    case CommandFailure _ -> told.getMessage();
                    case StackOverflowError _ ->
                            "types in the input build on each other too deeply";
                    case OutOfMemoryError _ when told.getClass() == OutOfMemoryError.class ->
                            javaHeapIsFull();
                    default -> "%s (unexpected; --debug shows where)".formatted(describe(told));
                };
        err.println("quanta: " + Printable.lines(String.valueOf(message)));
        if (debug) {
            var trace = new StringWriter();
            failure.printStackTrace(new PrintWriter(trace));
            err.println(Printable.lines(trace.toString()));
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static String javaHeapIsFull() {
        long limit = Runtime.getRuntime().maxMemory();
        return "the Java heap is full: limitBytes=%d; raise it, such as by QUANTA_JAVA_FLAGS=-Xmx%dm"
                .formatted(limit, Math.ceilDiv(2 * limit, 1L << 20));
    }

    private static String describe(Throwable failure) {
        @Nullable String message = failure.getMessage();
        String kind = failure.getClass().getSimpleName();
        return message == null ? kind : kind + ": " + message;
    }

    /** The version the jar was built as. */
    static final class Version implements CommandLine.IVersionProvider {
        Version() {}

        static String current() {
            var descriptor = Quanta.class.getModule().getDescriptor();
            return descriptor == null
                    ? "quanta (not built as a module)"
                    : "quanta " + descriptor.rawVersion().orElse("(no version)");
        }

        @Override
        public String[] getVersion() {
            return new String[] {current()};
        }
    }
}
