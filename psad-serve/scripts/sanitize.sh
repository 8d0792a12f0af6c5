#!/usr/bin/env bash
# Runs the tests of the kernels, the one module with unsafe code, where a read or write outside of memory is seen: under the
# address sanitizer of a nightly toolchain, on every path of instructions that the processor has; without one under
# valgrind, which knows AVX2 but not AVX-512. `sanitize.sh valgrind` takes valgrind in any case.
#
# The tests are those of `cargo test -p psad-serve --lib kernel`, built within the fuzz crate, which needs no burn. That
# the rest of the crate hands the kernels what is there, fuzz.sh sees, which runs under the same sanitizer.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

host=$(rustc -vV | sed -n 's/^host: //p')
if [ "${1-}" != valgrind ] && cargo +nightly --version > /dev/null 2>&1; then
    echo "address sanitizer, $(rustc +nightly --version)"
    # With a target named, procedural macros and build scripts are built without the sanitizer. Optimised, as it is served.
    PROPTEST_CASES=5000 RUSTFLAGS="-Zsanitizer=address -Cdebug-assertions" CARGO_TARGET_DIR=target/sanitize \
        cargo +nightly test --release --lib --target "$host" kernel
elif command -v valgrind > /dev/null; then
    # It shows programs a processor without AVX-512, and so their tests take the other paths. Its slowness is why there are
    # few cases.
    export CARGO_TARGET_DIR=target/valgrind PROPTEST_CASES=16
    runner="CARGO_TARGET_$(tr '[:lower:]-' '[:upper:]_' <<< "$host")_RUNNER"
    env "$runner=valgrind --quiet --error-exitcode=9" cargo test --release --lib kernel -- --test-threads=1
else
    echo "neither a nightly toolchain nor valgrind is installed" >&2
    exit 1
fi
