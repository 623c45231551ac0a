#!/usr/bin/env bash
# Writes what is generated from deploy/crds and the chart, below the folder DIR, or in
# place: the chart's copies of the CRDs, and install.yaml for kubectl.
#
#   deploy/generate.sh [DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath "${1:-.}")/deploy

# A chart holds its files itself: helm packages no links to what is outside.
mkdir -p "$out/chart/files/crds"
cp deploy/crds/*.yaml "$out/chart/files/crds/"

{
	echo '# Made from deploy/chart by `make generate`: change that, and not this.'
	cat deploy/namespace.yaml
	# What crds.keep writes means something to Helm only.
	go tool -modfile=tools/helm/go.mod helm template fairlead deploy/chart \
		--namespace fairlead-system --kube-version 1.34.0 --set crds.keep=false
} >"$out/install.yaml"
