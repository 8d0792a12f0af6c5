#!/bin/sh
# Lists per second of the reference model at another commit and in this working tree, in one run: both are built with this
# bench, then run in turn, because a machine that others use is only ever comparable with itself a moment ago.
#
#   psad/benches/training_before_after.sh [COMMIT] [ROUNDS]
set -eu
commit=${1:-b1a1ae1}
rounds=${2:-3}
cd "$(git rev-parse --show-toplevel)"
target=${CARGO_TARGET_DIR:-$PWD/target}
before=$target/before-$commit
[ -d "$before" ] || git worktree add --detach --quiet "$before" "$commit"
cp psad/benches/training_step.rs "$before/psad/benches/training_step.rs"

# The absolute path of the bench's executable; cargo prints it relative to where it runs if it can. Each working tree has a
# target directory of its own: in a common one cargo takes the crates of one for those of the other.
build() {
    (cd "$1" && cargo bench --package psad --bench training_step --no-run --target-dir "$2" 2>&1) |
        sed -n 's/.*Executable.*(\(.*\))/\1/p' | sed "s|^\([^/]\)|$1/\1|"
}

# Median lists per second with one worker and with two.
measure() {
    "$2" --bench 'reference model' --noplot 2>/dev/null |
        awk -v who="$1" '/thrpt:.*elem/ { unit = ($5 ~ /^K/) ? 1000 : 1; printf "%s %d %.1f\n", who, ++workers, $4 * unit }'
}

old=$(build "$before" "$before/target")
new=$(build "$PWD" "$target")
round=1
results=$(mktemp)
export CRITERION_HOME="$target/criterion"
# The tree stays for the next run; `git worktree remove` takes it away.
trap 'rm -f "$results"' EXIT
while [ "$round" -le "$rounds" ]; do
    (cd "$before/psad" && measure before "$old") | tee -a "$results"
    # As cargo runs it, see .cargo/config.toml: freed memory is kept.
    (cd psad && MIMALLOC_PURGE_DELAY=-1 measure after "$new") | tee -a "$results"
    round=$((round + 1))
done
awk '{ sum[$1, $2] += $3 }
    END { for (workers = 1; workers <= 2; workers++)
        printf "%d worker(s): %.1f -> %.1f lists/s, ratio %.2f\n", workers, sum["before", workers] / rounds,
            sum["after", workers] / rounds, sum["after", workers] / sum["before", workers] }' rounds="$rounds" "$results"
