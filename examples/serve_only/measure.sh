#!/usr/bin/env bash
# Builds the program cold into an empty folder and says how many seconds that took and how large the stripped program is.
# Crates must have been downloaded before; nothing of earlier builds is used. Where other programs run at the
# same time, compare the seconds on processors. `--timings` adds a report of each crate.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
cargo fetch --locked --quiet
echo "$(nproc) processors, $(rustc --version)"
TIMEFORMAT='cold build: %R seconds (limit 60), of which %U + %S on processors'
time CARGO_TARGET_DIR="$target" CARGO_INCREMENTAL=0 CARGO_PROFILE_RELEASE_STRIP=true \
    cargo build --locked --offline --quiet --release -p serve_only "$@"
awk -v bytes="$(stat --format %s "$target/release/serve_only")" \
    'BEGIN { printf "stripped program: %.2f MB (limit 5)\n", bytes / 1e6 }'
if [ -d "$target/cargo-timings" ]; then
    cp -r "$target/cargo-timings" target/
    echo "timings in target/cargo-timings"
fi
