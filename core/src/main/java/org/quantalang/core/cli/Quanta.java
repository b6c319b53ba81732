package org.quantalang.core.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

import java.io.PrintWriter;
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
 * <p>A failure is one line on standard error; {@code --debug} adds the stack trace.
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
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    /**
     * Runs the command that the arguments name and ends the process with its exit code.
     *
     * @param arguments the command line
     */
    public static void main(String[] arguments) {
        var out = new PrintWriter(System.out, false, System.out.charset());
        var err = new PrintWriter(System.err, true, System.err.charset());
        int code = execute(out, err, arguments);
        out.flush();
        // A reader that went away (quanta ... | head) has what it wanted: no message, but no
        // success.
        System.exit(code == 0 && System.out.checkError() ? 1 : code);
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
        line.setParameterExceptionHandler(
                (mistake, _) -> {
                    CommandLine at = mistake.getCommandLine();
                    err.println("quanta: " + explain(mistake));
                    err.println(
                            "try '%s --help'".formatted(at.getCommandSpec().qualifiedName(" ")));
                    return CommandLine.ExitCode.USAGE;
                });
        line.setExecutionExceptionHandler((failure, _, _) -> report(err, failure, quanta.debug));
        return line;
    }

    /** Says what is wrong in this command's own voice; picocli suggests what may be meant. */
    private static String explain(ParameterException mistake) {
        if (mistake instanceof UnmatchedArgumentException unmatched) {
            String argument = unmatched.getUnmatched().getFirst();
            CommandLine at = mistake.getCommandLine();
            String kind =
                    argument.startsWith("-")
                            ? "option"
                            : at.getSubcommands().isEmpty() ? "argument" : "command";
            List<String> near = unmatched.getSuggestions();
            return "unknown %s '%s'%s"
                    .formatted(
                            kind,
                            argument,
                            near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near));
        }
        String message = String.valueOf(mistake.getMessage());
        return message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
    }

    private static int report(PrintWriter err, Throwable failure, boolean debug) {
        String message =
                failure instanceof CommandFailure
                        ? failure.getMessage()
                        : failure instanceof StackOverflowError
                                ? "types in the input build on each other too deeply"
                                : "%s (unexpected; --debug shows where)"
                                        .formatted(describe(failure));
        err.println("quanta: " + message);
        if (debug) {
            failure.printStackTrace(err);
        }
        return CommandLine.ExitCode.SOFTWARE;
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
