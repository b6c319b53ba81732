#!/bin/sh
# Builds the programs that the Java workloads are compared with into build/, those whose compiler is
# there; says what it skips and how to get it. Debian packages:
#   gcc g++ libmimalloc-dev libjemalloc-dev nim rustc php-cli python3 golang-go
set -u
cd "$(dirname "$0")" || exit 1
mkdir -p build
failed=0

have() { # TOOL WHAT PACKAGE
    command -v "$1" > /dev/null && return 0
    echo "skipped: $2: $1 not found; apt-get install $3"
    return 1
}

make_() { # NAME COMMAND...
    name=$1
    shift
    # A program newer than all sources stays as it is.
    if [ -x "build/$name" ] && [ -z "$(find c java nim cpp rust go build.sh -newer "build/$name" -print -quit 2> /dev/null)" ]; then
        return
    fi
    "$@" || { echo "failed: $name"; failed=1; }
}

if have gcc "C programs" gcc; then
    c() { # NAME FLAGS...
        name=$1
        shift
        make_ "$name" gcc -O2 -std=gnu11 -Wall -Wextra -Wno-unused-function -o "build/$name" c/workloads.c "$@" -lpthread
    }
    c c-plain                              # the C engine, plain counts, Bacon-Rajan
    c c-local -DCOLLECTOR=2                # the same with the collector that looks near first
    c c-atomic -DATOMIC=1 -DTHREADS=1      # atomic counts, frees from other threads
    c c-malloc -DMALLOC=1                  # the same header and counts on the system's malloc
    c c-malloc-atomic -DMALLOC=1 -DATOMIC=1
    if [ -e /usr/include/jemalloc/jemalloc.h ]; then
        c c-jemalloc-atomic -DMALLOC=1 -DATOMIC=1 -Wl,--no-as-needed -ljemalloc
    else
        echo "skipped: C on jemalloc: jemalloc.h not found; apt-get install libjemalloc-dev"
    fi
    if [ -e /usr/include/mimalloc.h ]; then
        c c-mimalloc -DMALLOC=1 -Wl,--no-as-needed -lmimalloc
        c c-mimalloc-atomic -DMALLOC=1 -DATOMIC=1 -Wl,--no-as-needed -lmimalloc
    else
        echo "skipped: C on mimalloc: mimalloc.h not found; apt-get install libmimalloc-dev"
    fi
fi

if [ -d nim ] && have nim "Nim programs" nim; then
    for memory in orc arc; do
        make_ nim-$memory nim c --hints:off --warnings:off --mm:$memory -d:danger --out:build/nim-$memory --nimcache:build/nim-$memory.cache nim/workloads.nim
    done
fi

# The JVM's own collectors, each a program that starts the same classes, and the C engine in Java.
if jdk=$(../../.mvn/find-jdk run 2> /dev/null); then
    compile_java() { "$jdk/bin/javac" -d build/java java/*.java && touch build/java; }
    make_ java compile_java
    jvm() { # NAME CLASS FLAGS...
        name=$1
        class=$2
        shift 2
        printf '#!/bin/sh\nexec "%s/bin/java" %s -cp "$(dirname "$0")/java" %s "$@"\n' "$jdk" "$*" "$class" > "build/$name"
        chmod +x "build/$name"
    }
    jvm jvm-g1-256m Workloads -XX:+UseG1GC -Xmx256m
    jvm jvm-g1 Workloads -XX:+UseG1GC
    jvm jvm-parallel Workloads -XX:+UseParallelGC
    jvm jvm-zgc Workloads -XX:+UseZGC
    jvm java-ffm CEngine --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -XX:-UseCompressedOops -XX:+PreserveFramePointer
else
    echo "skipped: the programs in Java: no JDK 25 found; see .mvn/find-jdk"
fi

if [ -d cpp ] && have g++ "C++ shared_ptr" g++; then
    make_ cpp-shared_ptr g++ -O2 -std=c++17 -o build/cpp-shared_ptr cpp/workloads.cpp -lpthread
fi

if [ -d rust ] && have rustc "Rust Rc and Arc" rustc; then
    make_ rust rustc -O --edition 2021 -o build/rust rust/workloads.rs
fi

if [ -d go ] && have go "Go, for the tasks benchmark" golang-go; then
    make_ go-tasks go build -o build/go-tasks go/tasks.go
fi

exit $failed
