package org.quantalang.abi;

import java.util.Optional;

/** The usual functions of the C library as declarations, and where each platform has them. */
final class Libc {
    static final String MEMORY_AND_TEXT =
            """
            void *malloc(size_t size);
            void *calloc(size_t count, size_t size);
            void *realloc(void *block, size_t size);
            void free(void *block);
            void *memcpy(void *to, const void *from, size_t size);
            void *memmove(void *to, const void *from, size_t size);
            void *memset(void *to, int value, size_t size);
            int memcmp(const void *a, const void *b, size_t size);
            size_t strlen(const char *text);
            char *strcpy(char *to, const char *from);
            char *strncpy(char *to, const char *from, size_t size);
            int strcmp(const char *a, const char *b);
            int strncmp(const char *a, const char *b, size_t size);
            int puts(const char *text);
            int putchar(int character);
            void exit(int status);
            void abort(void);
            char *getenv(const char *name);
            """;

    static final String OUTPUT =
            """
            int printf(const char *format, ...);
            int sprintf(char *to, const char *format, ...);
            """;

    static final String SNPRINTF = "int snprintf(char *to, size_t size, const char *format, ...);";

    static final String MATHEMATICS =
            """
            double sin(double x);
            double cos(double x);
            double tan(double x);
            double sqrt(double x);
            double pow(double x, double y);
            double exp(double x);
            double log(double x);
            double log10(double x);
            double fabs(double x);
            double floor(double x);
            double ceil(double x);
            """;

    private Libc() {}

    static LibraryLink main(Target target) {
        return LibraryLink.dynamic(
                switch (target.os()) {
                    case LINUX, NONE -> "c";
                    case DARWIN -> "System";
                    case WINDOWS_MSVC -> "ucrt";
                    case WINDOWS_GNU -> "msvcrt";
                });
    }

    /** Microsoft's newer library has the family of printf as inline functions only. */
    static LibraryLink output(Target target) {
        return target.os() == Target.Os.WINDOWS_MSVC
                ? archive("legacy_stdio_definitions")
                : main(target);
    }

    /** The older library calls its own, which differs, {@code _snprintf}: MinGW brings C's. */
    static LibraryLink snprintf(Target target) {
        return target.os() == Target.Os.WINDOWS_GNU ? archive("mingwex") : output(target);
    }

    static LibraryLink mathematics(Target target) {
        return target.os() == Target.Os.LINUX ? LibraryLink.dynamic("m") : main(target);
    }

    private static LibraryLink archive(String name) {
        return new LibraryLink(name, Optional.empty(), LinkKind.STATIC);
    }
}
