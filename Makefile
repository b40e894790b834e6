# The targets that people and CI type. `make` alone lists them.

GO       ?= go
TOOL     := $(GO) tool -modfile=tools/go.mod
BINARY   := bin/avain
MAX_SIZE := 36700160# 35 MiB: what the static binary may weigh, in bytes

.DEFAULT_GOAL := help

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- every day ---

.PHONY: check
check: ## Vet and test with Go alone, in under two minutes; skips what needs more
	$(GO) vet ./...
	$(GO) test ./...

.PHONY: test
test: setup ## Run every test on both databases, with race detector, browser and counterparts; skips nothing
	@GO="$(GO)" scripts/with-postgres scripts/test-all

.PHONY: verify
verify: ## Everything that must hold before a change lands
	@MAKE="$(MAKE)" scripts/verify

.PHONY: build
build: ## Build the static binary, bin/avain
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags="-s -w" -o $(BINARY) ./cmd/avain

.PHONY: bench
bench: ## Print our speed on both databases, as ratios to bare yardsticks; BENCH=-flow measures code flows alone
	AVAIN_POSTGRES_DURABLE=1 scripts/with-postgres $(GO) run ./bench $(BENCH)

KILLS ?= 300

.PHONY: crash
crash: ## Kill the server 300 times on both databases, and print what became of the accounts; KILLS=1000 for more
	@scripts/with-postgres $(GO) test ./e2e/crash -count=1 -timeout=1h -v -run '^TestKills' -kills $(KILLS)

.PHONY: fmt
fmt: ## Format the Go code
	$(TOOL) gofumpt -w .

.PHONY: generate
generate: ## Write the generated documentation anew
	$(GO) generate ./...

.PHONY: screenshots
screenshots: ## Take the pictures of docs/img anew
	AVAIN_SCREENSHOTS="$(CURDIR)/docs/img" $(GO) test ./e2e -run '^TestBrowser$$' -count=1

.PHONY: setup
setup: ## Install what the tests need and this machine lacks
	@scripts/setup

# --- the steps of verify ---

.PHONY: lint
lint: format vet staticcheck ## Check format, vet and staticcheck

.PHONY: format
format:
	@unformatted="$$($(TOOL) gofumpt -l .)" || exit 1; \
	if [ -n "$$unformatted" ]; then \
		printf 'not formatted as gofumpt does; type make fmt:\n%s\n' "$$unformatted" >&2; exit 1; \
	fi

.PHONY: vet
vet:
	$(GO) vet ./...

.PHONY: staticcheck
staticcheck:
	$(TOOL) staticcheck ./...

.PHONY: floors
floors:
	$(GO) test -count=1 ./internal/floors

.PHONY: generated
generated:
	@GO="$(GO)" scripts/check-generated docs/reference

.PHONY: size
size: build
	@size="$$(wc -c <$(BINARY))"; \
	echo "$(BINARY): $$((size / 1024)) KiB of $$(($(MAX_SIZE) / 1024))"; \
	if [ "$$size" -gt $(MAX_SIZE) ]; then \
		echo "$(BINARY) is larger than its budget: find what came in with 'go version -m $(BINARY)'" >&2; exit 1; \
	fi
