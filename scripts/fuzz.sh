#!/usr/bin/env bash
# Runs the fuzzers, as many at a time as there are processors, and fails with the command that repeats what one
# of them has found (fuzz/README.md).
#   scripts/fuzz.sh [TARGET…]    all of them, unless some are named
#
# SECONDS_EACH (60) is how long each runs. What they find on the way stays in fuzz/target, where the next run goes
# on from it; with KEEP=1, what covers more than the kept inputs do is added to fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."

export seconds=${SECONDS_EACH:-60}
host=$(rustc --version --verbose | sed -n 's/^host: //p')
export built=fuzz/target/$host/release

# The instruments are options of rustc that only a nightly one takes, or one that is told to. A second toolchain
# would fuzz other code than the one that is shipped.
export RUSTC_BOOTSTRAP=1

main() {
    local targets=("$@")
    # libFuzzer comes as C++ and is compiled with the fuzzers.
    command -v c++ >/dev/null || scripts/apt.sh g++
    if ! cargo fuzz --version >/dev/null 2>&1; then
        echo "cargo-fuzz is missing; scripts/tools.sh installs it where there is one for the system" >&2
        exit 1
    fi
    if [[ ${#targets[@]} -eq 0 ]]; then
        mapfile -t targets < <(cargo fuzz list)
    fi
    for target in "${targets[@]}"; do
        [[ -d fuzz/corpus/$target ]] || { echo "no fuzzer is called $target" >&2; exit 2; }
    done
    cargo fuzz build --target "$host" --target-dir fuzz/target

    printf '%-13s %10s %8s %9s %8s\n' target runs 'runs/s' coverage crashes
    local status=0
    printf '%s\n' "${targets[@]}" | xargs -n 1 -P "$(getconf _NPROCESSORS_ONLN)" bash -c 'fuzz "$1"' fuzz || status=$?
    if [[ -n ${KEEP:-} ]]; then
        for target in "${targets[@]}"; do
            "$built/$target" -merge=1 "fuzz/corpus/$target" "fuzz/target/finds/$target" 2>>"fuzz/target/log/$target"
        done
    fi
    exit "$status"
}

# One of them, in a shell of its own: 4 KiB of input, 10 seconds and 2 GiB for one run are far beyond what any of
# them needs, so what goes over is a find.
fuzz() {
    set -euo pipefail
    local target=$1 status=0 dictionary=()
    local log=fuzz/target/log/$target finds=fuzz/target/finds/$target artifacts=fuzz/artifacts/$target
    mkdir -p "${log%/*}" "$finds" "$artifacts"
    if [[ -f fuzz/dictionaries/$target ]]; then
        dictionary=(-dict="fuzz/dictionaries/$target")
    fi
    "$built/$target" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$artifacts/" ${dictionary[@]+"${dictionary[@]}"} \
        "$finds" "fuzz/corpus/$target" </dev/null >"$log" 2>&1 || status=$?
    printf '%-13s %10s %8s %9s %8s\n' "$target" "$(told executed_units)" "$(told average_exec_per_sec)" \
        "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)" "$((status != 0))"
    if [[ $status -ne 0 ]]; then
        local input
        input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
        grep -m 1 -A 1 -E 'panicked at|ERROR:' "$log" >&2 || tail -n 5 "$log" >&2
        echo "$target: all that it said is in $log" >&2
        [[ -z $input ]] || echo "$target: again with RUSTC_BOOTSTRAP=1 cargo fuzz run $target $input" >&2
        return 1
    fi
}

# A figure that libFuzzer ends with.
told() {
    sed -n "s/^stat::[a-z_]*$1: *//p" "$log"
}
export -f fuzz told

main "$@"
