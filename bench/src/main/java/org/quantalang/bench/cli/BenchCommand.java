package org.quantalang.bench.cli;

import org.quantalang.core.cli.CommandProvider;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.util.List;
import java.util.ServiceLoader;

/** {@code quanta bench}: the workloads, one subcommand each. */
@Command(
        name = "bench",
        description =
                "Measure the workloads, alone or beside the same programs in other languages.")
public final class BenchCommand implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    BenchCommand() {}

    /** None alone does anything. */
    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "a workload is missing; there are "
                        + String.join(", ", spec.subcommands().keySet()));
    }

    /** Adds {@code bench} to {@code quanta}. */
    public static final class Provider implements CommandProvider {
        /** Creates the provider; the service loader does. */
        public Provider() {}

        @Override
        public Object command() {
            var bench = new CommandLine(new BenchCommand());
            for (Object each :
                    List.of(
                            new TreesCommand(),
                            new CyclesCommand(),
                            new CountsCommand(),
                            new MutateCommand(),
                            new LruCommand(),
                            new AllocCommand(),
                            new ChainCommand(),
                            new CompareCommand())) {
                bench.addSubcommand(each);
            }
            for (BenchSubcommand each : ServiceLoader.load(BenchSubcommand.class)) {
                bench.addSubcommand(each.command());
            }
            bench.addSubcommand(new CommandLine.HelpCommand());
            return bench.setCaseInsensitiveEnumValuesAllowed(true);
        }
    }
}
