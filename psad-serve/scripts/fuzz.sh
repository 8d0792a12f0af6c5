#!/usr/bin/env bash
# Fuzzes the reading of model files: fuzz.sh [SECONDS per target, 600 if not said] [load|load_resealed]
#
# `load` takes any bytes; `load_resealed` changes header and tensors and seals the file again, so that what lies behind the
# checksum is reached. Both begin with the files of fuzz/seeds and of fuzz/corpus.tar.xz. What is found on the way goes to
# fuzz/found, which is not committed; inputs that fail go to fuzz/artifacts. Needs a nightly toolchain and cargo-fuzz
# (`cargo install cargo-fuzz`).
#
# The seeds are files of tiny models of both kinds, and some faulty ones. After a change of the format write them anew:
#   cargo test -p psad-serve --test files -- --ignored the_seeds_of_the_fuzzer_are_written
# To pack what has been found into fuzz/corpus.tar.xz, as few and as small files as cover the same:
#   psad-serve/scripts/fuzz.sh minimise
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

# Files of the tiny models have 11 to 18 kB. What takes 10 seconds or 2 GB is a fault.
limits=(-max_len=24000 -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=512)

minimise() {
    rm -rf smallest
    for target in load load_resealed; do
        mkdir -p "smallest/$target" "corpus/$target" "found/$target"
        # The seeds go first, so that only what they do not cover is added.
        cp seeds/* "smallest/$target"
        cargo +nightly fuzz run "$target" "smallest/$target" "corpus/$target" "found/$target" -- \
            "${limits[@]}" -merge=1 -set_cover_merge=1 2>&1 | grep MERGE-OUTER | tail -1
        for seed in seeds/*; do rm "smallest/$target/$(basename "$seed")"; done
    done
    # Files that differ in a few bytes: together they are a fiftieth of what they are alone.
    tar --create --sort=name --owner=0 --group=0 --mtime=@0 --directory smallest load load_resealed | xz -9e > corpus.tar.xz
    rm -rf corpus smallest
    ls -l corpus.tar.xz
}

if [ -f corpus.tar.xz ] && [ ! -d corpus ]; then
    mkdir corpus
    tar --extract --xz --file corpus.tar.xz --directory corpus
fi

if [ "${1-}" = minimise ]; then
    minimise
    exit
fi

seconds=${1-600}
for target in ${2-load load_resealed}; do
    mkdir -p "found/$target" "corpus/$target"
    echo "== $target, $seconds seconds"
    cargo +nightly fuzz run "$target" "found/$target" "corpus/$target" seeds -- \
        "${limits[@]}" -max_total_time="$seconds" -print_final_stats=1
done
