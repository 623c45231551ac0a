#!/usr/bin/env bash
# Installs the Debian packages that the whole-system tests use. Where that is not
# permitted it says what is missing; the tests that need it then say so and skip.
set -euo pipefail

# command:package
needs="dig:bind9-dnsutils named:bind9 psql:postgresql-client curl:curl haproxy:haproxy dnsperf:dnsperf ip:iproute2 chromium:chromium gcc:gcc setpriv:util-linux nc:netcat-openbsd wrk:wrk runc:runc nft:nftables conntrack:conntrack busybox:busybox-static redis-server:redis-server mariadbd:mariadb-server nginx:nginx-light"

missing=()
for need in $needs; do
	command -v "${need%%:*}" >/dev/null || [ -x "/usr/sbin/${need%%:*}" ] || missing+=("${need##*:}")
done
[ -e /usr/include/stdio.h ] || missing+=(libc6-dev) # for the race detector
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
[ -x /usr/lib/cni/ptp ] || missing+=(containernetworking-plugins)
[ -e /usr/lib/nginx/modules/ngx_stream_module.so ] || missing+=(libnginx-mod-stream) # for make bench
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "missing, so the tests that need them will skip: ${missing[*]}"
	echo "on Debian: sudo apt-get install ${missing[*]}"
	exit 0
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# The servers are started by the tests, in namespaces of their own: not by Debian.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod +x $policy
	trap 'rm -f $policy' EXIT
fi
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
