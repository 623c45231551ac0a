#!/usr/bin/env bash
# Serves the examples with stand-ins for the outside world, until Ctrl-C.
# Arguments go to `fairlead run`.
set -euo pipefail
cd "$(dirname "$0")/.."

table=$(mktemp)
bin/standins --write-certificate bin/httpbin.pem >"$table" &
standins=$!
trap 'kill $standins 2>/dev/null || true; wait $standins 2>/dev/null || true; rm -f "$table"' EXIT

# They print what stands where once they listen.
until [ -s "$table" ]; do
	kill -0 $standins 2>/dev/null || exit 1
	sleep 0.05
done
echo "The outside world, played on loopback addresses:"
sed 's/^/  /' "$table"
echo

trap : INT # Ctrl-C is for fairlead, which ends in order
bin/fairlead run --upstream 127.10.0.53:5300 "$@" examples/
