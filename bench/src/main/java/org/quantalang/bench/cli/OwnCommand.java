package org.quantalang.bench.cli;

import org.quantalang.core.cli.CommandFailure;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** How this process was started, so that a measurement can be made in a fresh one. */
final class OwnCommand {
    private OwnCommand() {}

    /**
     * Returns the command up to the word {@code bench}.
     *
     * @param subcommand what the user should start, for the error message
     */
    static List<String> upToBench(String subcommand) {
        ProcessHandle.Info self = ProcessHandle.current().info();
        String[] arguments = self.arguments().orElse(new String[0]);
        int bench = Arrays.asList(arguments).indexOf("bench");
        if (self.command().isEmpty() || bench < 0) {
            throw new CommandFailure(
                    "cannot tell how this process was started; run it as: ./quanta bench "
                            + subcommand);
        }
        var command = new ArrayList<String>();
        command.add(self.command().get());
        command.addAll(Arrays.asList(arguments).subList(0, bench + 1));
        return command;
    }
}
