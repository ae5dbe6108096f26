#!/bin/sh
# A secret's whole way: a service, a vault and a guest; the guest gets the secret, `openssl` opens what the vault sent, and
# everybody who should not get the secret does not. Prints a line for each check and `N passed, M failed` at the end.
#
#   examples/key-release/run.sh [sev-snp-vm | tdx-vm]...
#
#   ATTESTRY_BIN      the binary [built if it is not given]
#   KEY_RELEASE_BINS  directory of key-release-vault and key-release-guest [beside the binary]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
if [ -z "${ATTESTRY_BIN:-}" ]; then
    (cd "$root" && cargo build --quiet -p attestry-cli -p attestry-example-key-release)
fi
binary=${ATTESTRY_BIN:-${CARGO_TARGET_DIR:-$root/target}/debug/attestry}
bins=${KEY_RELEASE_BINS:-$(dirname "$binary")}
guest=$bins/key-release-guest
work=$(mktemp -d)
. "$root/tests/serve.sh"
vault=
trap 'stop_vault; stop; rm -rf "$work"' EXIT
: >"$work/results"

# --- What is different from one kind of hardware to the next.

# use_kind TYPE: the command that mints, the fields it sets, and the claims they become.
use_kind() {
    kind=$1
    case $kind in
    sev-snp-vm)
        forge=snp-evidence kind_claim=sevsnpvm
        measurement=report.measurement host_data=report.host_data debug=report.policy.debug
        measurement_claim=x-ms-sevsnpvm-launchmeasurement host_data_claim=x-ms-sevsnpvm-hostdata
        debug_claim=x-ms-sevsnpvm-is-debuggable
        host_data_digest=sha256
        ;;
    tdx-vm)
        forge=tdx-quote kind_claim=tdxvm
        measurement=report.mrtd host_data=report.mrconfigid debug=report.debug
        measurement_claim=tdx_mrtd host_data_claim=tdx_mrconfigid debug_claim=tdx_td_attributes_debug
        host_data_digest=sha384
        ;;
    *)
        echo "error: the type is sev-snp-vm or tdx-vm, not $kind" >&2
        exit 2
        ;;
    esac
    good_measurement=$(digest sha384 'the image that was reviewed')
    good_host_data=$(digest "$host_data_digest" 'the configuration that was reviewed')
}

digest() { printf %s "$2" | openssl dgst "-$1" -r | cut -d' ' -f1; }

# mint DIRECTORY NAME [--set FIELD=VALUE]...: evidence over the guest's runtime data. Real guests ask /dev/sev-guest.
mint() {
    directory=$1
    name=$2
    shift 2
    "$binary" forge "$forge" --runtime-data "$directory/runtime.json" \
        --set "$measurement=$good_measurement" --set "$host_data=$good_host_data" "$@" --out "$directory/$name" 2>/dev/null
}

# --- The parties.

# attest DIRECTORY EVIDENCE TOKEN [URL]: the token that the service gives the guest.
attest() {
    "$guest" attest "$1" --endpoint "${4:-$url}" --ca "$ca" --type "$kind" --evidence "$1/$2" >"$1/$3"
}

# A policy as an operator would write it: this service, this hardware, this image, this configuration, no debugging.
write_policy() {
    cat <<END
{
  "version": "1.0.0",
  "anyOf": [{
    "authority": "$url/",
    "allOf": [
      {"claim": "x-ms-attestation-type", "equals": "$kind_claim"},
      {"claim": "$measurement_claim", "equals": "$good_measurement"},
      {"claim": "$host_data_claim", "equals": "$good_host_data"},
      {"claim": "$debug_claim", "equals": "false"}
    ]
  }]
}
END
}

write_vault() {
    cat <<END
{
  "listen": "127.0.0.1:0",
  "issuer": {"url": "$url", "ca": "$ca"},
  "keys": [{
    "name": "disk", "version": "1", "kty": "oct-HSM", "key_ops": ["encrypt", "decrypt"],
    "secret": "secret.bin", "release_policy": "policy.json"
  }]
}
END
}

# start_vault [OPTION]...: serves until `stop_vault`; sets `vault_url`.
start_vault() {
    log=$work/vault.log
    : >"$log"
    "$bins/key-release-vault" --config "$work/vault.json" --data "$work/vault" "$@" >"$log" 2>>"$work/vault.decisions" &
    vault=$!
    tries=0
    until vault_url=$(sed -n 's/^listening on //p' "$log") && [ -n "$vault_url" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 300 ] || ! kill -0 "$vault" 2>/dev/null; then
            echo "the vault did not start:" >&2
            cat "$work/vault.decisions" >&2
            exit 3
        fi
        sleep 0.1
    done
}

stop_vault() {
    if [ -n "$vault" ]; then
        kill "$vault" 2>/dev/null || true
        wait "$vault" 2>/dev/null || true
        vault=
    fi
}

# release DIRECTORY TOKEN [OPTION]...: the guest asks the vault and opens the answer.
release() {
    directory=$1
    token=$2
    shift 2
    rm -f "$work/released"
    "$guest" release "$directory" --token "$token" --vault "$vault_url" --vault-certificate "$vault_certificate" \
        --key disk/1 --out "$work/released" "$@"
}

# --- The checks.

pass() { echo "ok    $1" | tee -a "$work/results"; }
fail() { echo "FAIL  $1" | tee -a "$work/results"; }

# passes WHAT COMMAND...
passes() {
    what=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        pass "$what"
    else
        fail "$what"
        cat "$work/said"
    fi
}

# refused WHAT TEXT COMMAND...: the command fails and says this, and no secret is there.
refused() {
    what=$1
    text=$2
    shift 2
    rm -f "$work/released"
    if "$@" >"$work/said" 2>&1; then
        fail "$what: it was not refused"
    elif [ -e "$work/released" ]; then
        fail "$what: it was refused, and there is a secret"
    elif grep -qF "$text" "$work/said"; then
        pass "$what"
        sed -n 's/^refused:/        /p' "$work/said"
    else
        fail "$what: refused, but not with \`$text\`"
        cat "$work/said"
    fi
}

# The secret, opened without any of our programs: RSA-OAEP, then AES key wrap with padding (RFC 5649).
open_with_openssl() {
    head -c 256 "$work/wrapped" >"$work/kek.wrapped"
    tail -c +257 "$work/wrapped" >"$work/secret.wrapped"
    openssl pkeyutl -decrypt -keyform DER -inkey "$work/guest/guest.der" -in "$work/kek.wrapped" -out "$work/kek" \
        -pkeyopt rsa_padding_mode:oaep -pkeyopt "rsa_oaep_md:$1" -pkeyopt "rsa_mgf1_md:$1" &&
        openssl enc -d -id-aes256-wrap-pad -K "$(od -An -v -tx1 "$work/kek" | tr -d ' \n')" -iv A65959A6 \
            -in "$work/secret.wrapped" -out "$work/opened" &&
        cmp "$work/secret.bin" "$work/opened"
}

# The payload of another token between the header and the signature of the guest's.
tamper() {
    header=$(cut -d. -f1 <"$work/guest/token")
    signature=$(cut -d. -f3 <"$work/guest/token")
    payload=$(cut -d. -f2 <"$1")
    echo "$header.$payload.$signature" >"$work/tampered"
}

run_kind() {
    use_kind "$1"
    echo "$kind"
    rm -rf "$work/guest" "$work/thief" "$work/vault" "$work"/data*
    "$guest" key "$work/guest"
    "$guest" key "$work/thief"
    mint "$work/guest" evidence
    openssl rand 32 >"$work/secret.bin"

    start "$work/other.log" --dev --listen 127.0.0.1:0 --data "$work/data-other"
    ca=$work/data-other/tls/ca.pem
    attest "$work/guest" evidence token-of-other-service
    stop
    start "$work/server.log" --dev --listen 127.0.0.1:0 --data "$work/data"
    ca=$work/data/tls/ca.pem
    write_policy >"$work/policy.json"
    write_vault >"$work/vault.json"
    vault_certificate=$work/vault/vault.pem
    start_vault

    check_release
    check_other_guests
    check_bad_tokens
    check_thieves
    stop_vault
    stop
}

check_release() {
    passes "the guest attests" attest "$work/guest" evidence token
    passes "the policy is met, says the command line" "$binary" token verify "$work/guest/token" --endpoint "$url" \
        --ca "$ca" --release-policy "$work/policy.json"
    for pair in CKM_RSA_AES_KEY_WRAP:sha1 RSA_AES_KEY_WRAP_256:sha256 RSA_AES_KEY_WRAP_384:sha384; do
        enc=${pair%:*}
        passes "the guest gets the secret ($enc)" release "$work/guest" "$work/guest/token" --enc "$enc" \
            --save-wrapped "$work/wrapped"
        passes "it is the secret" cmp "$work/secret.bin" "$work/released"
        passes "openssl opens the wrapped secret" open_with_openssl "${pair#*:}"
    done
}

# Genuine guests that are not the right one.
check_other_guests() {
    for scene in "another image:$measurement=$(digest sha384 other):$measurement_claim" \
        "another configuration:$host_data=$(digest "$host_data_digest" other):$host_data_claim" \
        "a guest that can be debugged:$debug=true:$debug_claim"; do
        what=${scene%%:*}
        rest=${scene#*:}
        mint "$work/guest" other --set "${rest%%:*}"
        attest "$work/guest" other token-of-other
        refused "$what" "the claim \`${rest#*:}\` is" release "$work/guest" "$work/guest/token-of-other"
    done
    refused "the same, says the command line" "$debug_claim" "$binary" token verify "$work/guest/token-of-other" \
        --endpoint "$url" --ca "$ca" --release-policy "$work/policy.json"
}

check_bad_tokens() {
    refused "a token of another service" "no key of the issuer" release "$work/guest" "$work/guest/token-of-other-service"
    attest "$work/guest" evidence token-of-shared "$url/p/shared"
    refused "a token of another provider of the service" "the issuer is \`$url/p/shared\`" \
        release "$work/guest" "$work/guest/token-of-shared"
    tamper "$work/guest/token-of-other"
    refused "a tampered token" "the signature does not verify" release "$work/guest" "$work/tampered"
    echo 'version= 1.0; authorizationrules { => permit(); }; issuancerules {};' >"$work/permit.txt"
    "$binary" attest --endpoint "$url" --ca "$ca" --type "$kind" --evidence "$work/guest/evidence" \
        --runtime-data "$work/guest/runtime.json" --runtime-data-type json --draft-policy "$work/permit.txt" \
        >"$work/draft" 2>/dev/null
    refused "a draft token, which is not signed" "is not signed" release "$work/guest" "$work/draft"
    "$binary" attest --endpoint "$url" --ca "$ca" --type "$kind" --evidence "$work/guest/evidence" \
        >"$work/keyless" 2>/dev/null
    refused "a token without the guest's key" "the workload attested no key" release "$work/guest" "$work/keyless"
    stop_vault
    start_vault --as-of $(($(date +%s) + 9 * 3600))
    refused "an expired token" "the token expired" release "$work/guest" "$work/guest/token"
    stop_vault
    start_vault
}

check_thieves() {
    refused "the guest's evidence with another key" "the runtime data" attest_with_swapped_key
    refused "the guest's token with another key" "does not open with this key" release "$work/thief" "$work/guest/token"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=vault -days 1 -keyout "$work/thief/vault.key" \
        -out "$work/thief/vault.pem" 2>/dev/null
    vault_certificate=$work/thief/vault.pem
    refused "an answer of somebody else than the vault" "the answer is not the vault's" \
        release "$work/guest" "$work/guest/token"
}

attest_with_swapped_key() {
    cp "$work/guest/evidence" "$work/thief/evidence"
    attest "$work/thief" evidence token
}

kinds=${*:-sev-snp-vm tdx-vm}
for one in $kinds; do
    run_kind "$one"
done
passed=$(grep -c '^ok ' "$work/results" || true)
failed=$(grep -c '^FAIL ' "$work/results" || true)
echo "$passed passed, $failed failed"
[ "$passed" -gt 0 ] && [ "$failed" -eq 0 ]
