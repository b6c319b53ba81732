package org.quantalang.core.cli;

import org.jspecify.annotations.Nullable;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Standard output, which remembers why it could not be written: a {@link java.io.PrintWriter} over
 * it tells only that it could not. Not thread-safe.
 */
final class StandardOutput extends OutputStream {
    private final FileOutputStream file = new FileOutputStream(FileDescriptor.out);
    private @Nullable IOException failure;

    StandardOutput() {}

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            file.write(bytes, offset, length);
        } catch (IOException e) {
            failure = failure == null ? e : failure;
            throw e;
        }
    }

    /** The first failure, or null. */
    @Nullable IOException failure() {
        return failure;
    }

    /** Whether it failed since it is a pipe that nobody reads any more: EPIPE. */
    boolean readerWentAway() {
        return failure != null && "Broken pipe".equals(failure.getMessage());
    }
}
