#!/usr/bin/env bash
# Serves the examples with stand-ins for the outside world, until Ctrl-C.
# Arguments go to `fairlead run`.
set -euo pipefail
cd "$(dirname "$0")/.."

table=$(mktemp)
standins= fairlead=
stop() {
	trap - EXIT
	trap '' INT TERM HUP # once is enough
	# Fairlead first: what it still carries ends at the stand-ins.
	for pid in $fairlead $standins; do
		kill -TERM "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -f "$table"
}
trap stop EXIT
trap 'exit 0' INT TERM HUP

# In process groups of their own, so that Ctrl-C reaches this script alone.
set -m
bin/standins -write-certificate bin/httpbin.pem >"$table" &
standins=$!

# They print what stands where once they listen.
until [ -s "$table" ]; do
	kill -0 $standins 2>/dev/null || exit 1
	sleep 0.05
done
echo "The outside world, played on loopback addresses:"
sed 's/^/  /' "$table"
echo

# What a partner would give: the certificate of its authority.
{
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: httpbin-ca, namespace: default}\ndata:\n  ca.crt: |\n'
	sed 's/^/    /' bin/httpbin.pem
} >bin/httpbin-ca.yaml

bin/fairlead run --upstream 127.10.0.53:5300 "$@" examples/{reporting,webscaler,external-api} bin/httpbin-ca.yaml &
fairlead=$!
wait $fairlead
