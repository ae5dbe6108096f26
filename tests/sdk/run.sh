#!/bin/sh
# Runs the Azure SDKs for Python and JavaScript, unmodified, against `attestry serve --dev`:
# attestation over evidence minted now and over evidence that MAA accepted in 2021 (skipped loudly
# without ATTESTRY_VECTORS), administration of policies and signers, and the control plane. Prints a
# line for each check and `N passed, M failed` at the end.
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
. "$root/tests/serve.sh"

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
    cp "$here"/node/*.mjs "$cache/node/"
}

# attest URL CASES CA: both clients over the cases; their lines go to the results.
attest() {
    run_python test_attestation "$1" "$3" "$2"
    run_node "$3" test_attestation "$1" "$2"
}

run_python() {
    suite=$1
    shift
    run_client "$cache/python/bin/python" "$here/python/$suite.py" "$@"
}

run_node() {
    ca=$1
    suite=$2
    shift 2
    NODE_EXTRA_CA_CERTS=$ca run_client node "$cache/node/$suite.mjs" "$@"
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
tls=$work/data/tls
attest "$url" "$work/minted/cases.json" "$tls/ca.pem"
echo "Evidence minted now, provider at a path"
attest "$url/p/shared" "$work/minted/cases.json" "$tls/ca.pem"
echo "Policies and policy signers"
"$cache/python/bin/python" "$here/python/signers.py" "$work/signers"
run_python test_administration "$url" "$tls/ca.pem" "$work/signers" "$work/minted/cases.json"
run_node "$tls/ca.pem" test_administration "$url" "$tls" "$work/signers" "$work/minted/cases.json"
echo "Control plane, credentials of azure-identity"
run_python test_control_plane "$url" "$tls/ca.pem" "$work/signers"
run_node "$tls/ca.pem" test_control_plane "$url" "$work/signers"
stop

set=$vectors/dcap/sets/sgx-v3-00906ed50000-maa-2021-exchange
if [ -d "$set" ]; then
    echo "Evidence that MAA accepted in 2021"
    python3 "$here/cases.py" recorded "$vectors" "$work/recorded"
    as_of=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["verify_time"])' "$set/expected.json")
    start "$work/recorded.log" --dev --config "$here/out-of-date.toml" --listen 127.0.0.1:0 \
        --data "$work/recorded-data" --as-of "$as_of" --collateral "$set/collateral.json"
    attest "$url" "$work/recorded/cases.json" "$work/recorded-data/tls/ca.pem"
    stop
else
    echo "SKIPPED: no recorded evidence in $vectors"
fi

passed=$(grep -c '^ok ' "$work/results" || true)
failed=$(grep -c '^FAIL ' "$work/results" || true)
echo "$passed passed, $failed failed"
[ "$passed" -gt 0 ] && [ "$failed" -eq 0 ]
