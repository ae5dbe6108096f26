#!/usr/bin/env bash
# Counts instructions under callgrind, which no other load on the machine can disturb, and holds them against the
# primitives that an attestation cannot do without, counted the same way.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --locked --quiet --release -p attestry-oracles --bin gate
gate=${CARGO_TARGET_DIR:-target}/release/gate
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Instructions of one piece of work: two runs of different length, so that the start cancels out. The start generates
# RSA keys, whose cost is random, so only the work between is collected.
instructions() {
    valgrind --tool=callgrind --callgrind-out-file="$scratch/out" --toggle-collect="$2" \
        "$gate" "$1" "$3" 2>&1 | awk '/Collected/ { print $NF }'
}
each() {
    local total
    total=$(instructions "$1" 'gate::repeat*' 40)
    echo $((total / 40))
}

verifications=$(each verifications)
signature=$(each signature)
appraisal=$(each appraisal)
token=$(each token)

failed=0
check() { # name, found, reference, limit in percent
    local percent=$((100 * $2 / $3))
    printf '%-58s %3d.%02d (limit %d.%02d)\n' "$1" $((percent / 100)) $((percent % 100)) $(($4 / 100)) $(($4 % 100))
    [ "$percent" -le "$4" ] || failed=1
}
printf 'instructions: two verifications %d, one signature %d, warm appraisal %d, request to token %d\n' \
    "$verifications" "$signature" "$appraisal" "$token"
check 'warm SGX appraisal / two P-256 verifications' "$appraisal" "$verifications" 115
check 'request to token / (two verifications + one RSA-2048)' "$token" $((verifications + signature)) 115
exit $failed
