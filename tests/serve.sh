# For scripts that ask `attestry serve`: sourced, it needs `binary` and `work`, and sets `start`, `stop` and `url`.
# What is in `work` goes when the script ends.
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
