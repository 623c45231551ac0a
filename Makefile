# Fairlead. `make` lists the targets.

GO      ?= go
TOOL     = $(GO) tool -modfile=tools/go.mod
HELM     = $(GO) tool -modfile=tools/helm/go.mod helm
GENERATE = $(TOOL) controller-gen object crd paths=./api/...
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS  = -X main.version=$(VERSION)
# Histories that `make simulate` plays, and for how long `make soak` does.
SEEDS   ?= 2000
SOAK    ?= 5m
# Fuzzing time of each target in `make fuzz`.
FUZZTIME ?= 30s

.DEFAULT_GOAL := help
.PHONY: help build run image test packages generate check unit simulate soak mutants system fuzz bench cluster-up cluster-down walkthrough-up walkthrough fmt clean

help: #? list the targets
	@grep -E '^[a-z-]+:.*#\?' $(MAKEFILE_LIST) | sed -E 's/:.*#\? */\t/' | expand -t 16

build: #? build bin/fairlead and bin/standins
	@$(GO) build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

run: build #? serve examples with stand-ins for the outside world, until Ctrl-C
	@./examples/run.sh

# PUSH=registry/name:tag pushes it there, too.
image: #? make the container image bin/fairlead-image.tar, and all platforms in bin/fairlead-image
	@$(GO) -C deploy/image build -o $(CURDIR)/bin/image .
	@./bin/image -version $(VERSION) -o bin/fairlead-image.tar -layout bin/fairlead-image $(if $(PUSH),-push $(PUSH))

test: packages check unit simulate system #? everything: checks, unit tests, whole-system tests

packages: #? install the Debian packages that the whole-system tests use, where permitted
	@./test/packages.sh

generate: #? write the CRD and the deep copies from the types in api/, install.yaml from the chart
	@$(GENERATE) output:crd:dir=deploy/crds
	@./deploy/generate.sh

check: #? formatting, vet, staticcheck, generated files, other platforms
	@echo '--- check'
	@files=$$($(TOOL) gofumpt -l $$(git ls-files -co --exclude-standard '*.go')); if [ -n "$$files" ]; then echo "not gofumpt-ed (make fmt):"; echo "$$files"; exit 1; fi
	@$(GO) vet ./...
	@$(GO) vet -tags soak ./internal/engine ./test/...
	@$(TOOL) staticcheck ./...
	@$(GO) -C deploy/image vet ./...
	@$(GO) -C examples/reporting-api vet ./...
	@$(HELM) lint --strict --quiet deploy/chart
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && $(GENERATE) output:dir=$$dir && \
		for f in api/v1alpha1/zz_generated.deepcopy.go deploy/crds/fairlead.dev_externalservices.yaml; do \
			diff -u $$f $$dir/$${f##*/} || { echo "$$f is not what the types say (make generate)"; exit 1; }; done && \
		./deploy/generate.sh $$dir && for f in $$(cd $$dir && find deploy -type f); do \
			diff -u $$f $$dir/$$f || { echo "$$f is not what deploy/ says (make generate)"; exit 1; }; done
	@GOOS=darwin $(GO) vet ./cmd/... ./internal/...

unit: #? unit tests, with the race detector
	@echo '--- unit tests'
	@$(GO) test -race ./api/... ./cmd/... ./internal/...
	@$(GO) -C deploy/image test ./...
	@$(GO) -C examples/reporting-api test ./...

# Without the race detector: a history has one goroutine.
simulate: #? play SEEDS histories full of faults through the real engine
	@echo '--- simulation'
	@$(GO) test ./internal/engine -run 'TestSimulation|TestOneSeedOneHistory' -v -seeds $(SEEDS)

soak: #? the same with long histories, which nobody has seen yet, for SOAK
	@$(GO) test -tags soak ./internal/engine -run TestSoak -v -timeout 0 -soak $(SOAK)

mutants: #? break the decision in many ways, and show which test notices
	@$(GO) run ./test/mutants

# -count=1: what these tests build and start is no input that `go test` knows of.
system: build #? whole-system tests against real programs, and of the repository's shape
	@echo '--- whole-system tests'
	@$(GO) test -count=1 -timeout 60m ./test/...

fuzz: #? fuzz every target for FUZZTIME
	@./test/fuzz.sh $(FUZZTIME)

bench: build #? measure beside CoreDNS and HAProxy, and write docs/benchmarks.md
	@$(GO) run ./test/bench -o docs/benchmarks.md

# Flags of test/cluster/up, -host=db=10.0.1.25 for instance; without -node it needs no root.
CLUSTER ?= -node

cluster-up: #? start a real Kubernetes with a node, and print its KUBECONFIG line
	@$(GO) build -o bin/cluster ./test/cluster/up
	@./bin/cluster $(CLUSTER) -detach

cluster-down: #? end what cluster-up or walkthrough-up has started
	@$(GO) build -o bin/cluster ./test/cluster/up
	@./bin/cluster -down

walkthrough-up: #? start the cluster of docs/walkthrough.md, with the world outside it
	@$(GO) build -o bin/cluster ./test/cluster/up
	@CGO_ENABLED=0 $(GO) -C examples/reporting-api build -o $(CURDIR)/bin/reporting-api .
	@$(GO) -C deploy/image build -o $(CURDIR)/bin/image .
	@./bin/image -platform linux/$$($(GO) env GOARCH) -version $(VERSION) -o bin/fairlead-image.tar
	@./bin/cluster -node -world=bin -detach

walkthrough: #? execute docs/walkthrough.md on a fresh cluster
	@$(GO) test -count=1 -timeout 30m -v ./test/walkthrough

fmt: #? format the code
	@$(TOOL) gofumpt -w $$(git ls-files -co --exclude-standard '*.go')

clean: #? remove what was built
	@rm -rf bin
