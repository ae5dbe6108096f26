#!/bin/sh
# Runs the Azure SDKs for Python and JavaScript, unmodified, against `attestry serve --dev`:
# once over evidence minted now, and once over evidence that MAA accepted in 2021 (skipped loudly
# without ATTESTRY_VECTORS). Prints a line for each check and `N passed, M failed` at the end.
#
#   ATTESTRY_BIN      the binary [target/debug/attestry]
#   ATTESTRY_VECTORS  recorded evidence [../shared/vectors beside the repository]
#   ATTESTRY_SDK_DIR  where the clients are installed [target/sdk]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
binary=${ATTESTRY_BIN:-$root/target/debug/attestry}
vectors=${ATTESTRY_VECTORS:-$root/../shared/vectors}
cache=${ATTESTRY_SDK_DIR:-$root/target/sdk}
work=$(mktemp -d)
server=

stop() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
        server=
    fi
}
trap 'stop; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Installs what the two lock files say, once; the copies of the lock files say that it is done.
install_clients() {
    mkdir -p "$cache/node"
    if ! cmp -s "$here/python/requirements.txt" "$cache/requirements.txt"; then
        python3 -m venv "$cache/python"
        "$cache/python/bin/pip" install --quiet --disable-pip-version-check -r "$here/python/requirements.txt"
        cp "$here/python/requirements.txt" "$cache/requirements.txt"
    fi
    if ! cmp -s "$here/node/package-lock.json" "$cache/package-lock.json"; then
        cp "$here/node/package.json" "$here/node/package-lock.json" "$cache/node/"
        (cd "$cache/node" && npm ci --silent --no-audit --no-fund)
        cp "$here/node/package-lock.json" "$cache/package-lock.json"
    fi
    # Modules are looked for beside the script.
    cp "$here/node/test_attestation.mjs" "$cache/node/test_attestation.mjs"
}

# start LOG ARGUMENT...: serves until `stop`; sets `url`.
start() {
    log=$1
    shift
    : >"$log"
    "$binary" serve "$@" >"$log" 2>"$log.stderr" &
    server=$!
    tries=0
    until url=$(sed -n 's/^listening on //p' "$log") && [ -n "$url" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 300 ] || ! kill -0 "$server" 2>/dev/null; then
            echo "the server did not start:" >&2
            cat "$log.stderr" >&2
            exit 3
        fi
        sleep 0.1
    done
}

# check URL CASES CA: both clients over the cases; their lines go to the results.
check() {
    run_client "$cache/python/bin/python" "$here/python/test_attestation.py" "$1" "$3" "$2"
    NODE_EXTRA_CA_CERTS=$3 run_client node "$cache/node/test_attestation.mjs" "$1" "$2"
}

# A client that ends badly without a failed check has fallen over.
run_client() {
    status=0
    "$@" >"$work/lines" || status=$?
    if [ "$status" -ne 0 ] && ! grep -q '^FAIL ' "$work/lines"; then
        echo "FAIL  $2 ended with status $status" >>"$work/lines"
    fi
    tee -a "$work/results" <"$work/lines"
}

install_clients
: >"$work/results"

echo "Evidence minted now, provider at the base URL"
python3 "$here/cases.py" minted "$binary" "$work/minted"
start "$work/server.log" --dev --listen 127.0.0.1:0 --data "$work/data"
check "$url" "$work/minted/cases.json" "$work/data/tls/ca.pem"
echo "Evidence minted now, provider at a path"
check "$url/p/shared" "$work/minted/cases.json" "$work/data/tls/ca.pem"
stop

set=$vectors/dcap/sets/sgx-v3-00906ed50000-maa-2021-exchange
if [ -d "$set" ]; then
    echo "Evidence that MAA accepted in 2021"
    python3 "$here/cases.py" recorded "$vectors" "$work/recorded"
    as_of=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["verify_time"])' "$set/expected.json")
    start "$work/recorded.log" --dev --config "$here/out-of-date.toml" --listen 127.0.0.1:0 \
        --data "$work/recorded-data" --as-of "$as_of" --collateral "$set/collateral.json"
    check "$url" "$work/recorded/cases.json" "$work/recorded-data/tls/ca.pem"
    stop
else
    echo "SKIPPED: no recorded evidence in $vectors"
fi

passed=$(grep -c '^ok ' "$work/results" || true)
failed=$(grep -c '^FAIL ' "$work/results" || true)
echo "$passed passed, $failed failed"
[ "$passed" -gt 0 ] && [ "$failed" -eq 0 ]
