#!/bin/sh
# Asks `attestry serve --dev` everything that its published description allows, and much that it does not, and looks
# whether every answer is one that the description has: its status, content type and form, and never a fault of the
# service. The seed is fixed; the time is bounded.
#
#   ATTESTRY_BIN          the binary [target/debug/attestry]
#   ATTESTRY_OPENAPI_DIR  where the tool is installed [target/openapi]
#   ATTESTRY_EXAMPLES     requests of each kind for each operation [30]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
binary=${ATTESTRY_BIN:-$root/target/debug/attestry}
cache=${ATTESTRY_OPENAPI_DIR:-$root/target/openapi}
work=$(mktemp -d)
. "$root/tests/serve.sh"

# Installs what the lock file says, once; the copy of the lock file says that it is done.
mkdir -p "$cache"
if ! cmp -s "$here/requirements.txt" "$cache/requirements.txt"; then
    python3 -m venv "$cache/python"
    "$cache/python/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$cache/requirements.txt"
fi

# One caller asks much more than any administrator does.
export ATTESTRY_LIMITS__ADMINISTRATION_PER_CALLER=0 ATTESTRY_LIMITS__ADMINISTRATION_PER_PROVIDER=0
start "$work/log" --dev --listen 127.0.0.1:0 --data "$work/data"

status=0
# What the tool keeps it keeps in the working directory.
(cd "$work" && "$cache/python/bin/schemathesis" run "$url/attestry/v1/openapi.json" \
    --tls-verify "$work/data/tls/ca.pem" \
    --header 'Authorization: Bearer administrator' \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --phases examples,coverage,fuzzing --mode all --max-examples "${ATTESTRY_EXAMPLES:-30}" --seed 20261128 \
    --request-timeout 10 --workers 1 --continue-on-failure --warnings off) || status=$?

if ! kill -0 "$server" 2>/dev/null; then
    echo "FAIL  the server did not survive" >&2
    status=1
fi
if grep -q "a request handler panicked" "$work/log.stderr"; then
    echo "FAIL  a request handler panicked" >&2
    status=1
fi
exit "$status"
