# What there is to run. CI runs the same targets (.ci/run).
.PHONY: help lint test test-quick api-fuzz build demo bench bench-neighbours screenshots

CARGO ?= cargo

# What there is to run, with what it is for.
help:
	@awk '/^# / { text = text " " substr($$0, 3); next } /^[A-Z_]+ [?]?=/ { next } \
		/^[a-z-]+:/ { sub(":.*", ""); printf "make %-18s%s\n", $$0, text } { text = "" }' Makefile

# Format, lints, documentation and the description of the API; warnings are errors.
lint:
	@$(CARGO) fmt --version >/dev/null 2>&1 && $(CARGO) clippy --version >/dev/null 2>&1 || \
		{ echo "rustfmt or clippy is missing: rustup component add rustfmt clippy" >&2; exit 1; }
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --locked
	scripts/check-openapi
	@if command -v cargo-deny >/dev/null 2>&1; then $(CARGO) deny --locked check; else \
		echo "cargo-deny is not installed: advisories were NOT checked" \
		"(licences and sources are, by tests/licences.rs)"; fi

# A test waits for its servers half of the time, so twice as many run as there are cores.
TEST_THREADS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) * 2 )))

# Every suite, on both databases. A missing PostgreSQL is a failure, not a skip.
test:
	scripts/test-setup
	ROLLCALL_TEST_REQUIRE_POSTGRES=1 RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --locked

# For the inner loop: unit tests, the rules of the code, and behaviours on SQLite without browsers and
# SDKs. What it leaves out, `make test` runs.
test-quick:
	RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --locked --lib --test tidy
	RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --locked --test it -- ::sqlite \
		--skip chromium:: --skip sdk:: --skip openapi::

# 20,000 requests of an outside tool to every operation of the API, on each database; looks for
# answers that are not described.
FUZZ_REQUESTS ?= 20000
api-fuzz:
	scripts/test-setup
	ROLLCALL_TEST_REQUIRE_POSTGRES=1 ROLLCALL_TEST_API_FUZZ=$(FUZZ_REQUESTS) $(CARGO) test --locked \
		--test it -- openapi::an_outside_tool

# What is deployed: target/dist/rollcall, and rollcall.debug beside it, which a debugger finds.
build:
	$(CARGO) build --profile dist --locked
	cd target/dist && objcopy --only-keep-debug rollcall rollcall.debug && \
		objcopy --strip-all --add-gnu-debuglink=rollcall.debug rollcall

# The gateway and a sandbox HR system together, to see it work.
demo:
	$(CARGO) run --release --locked -- demo

# How long webhooks take while other endpoints hang and fail. Prints a table; some four minutes.
bench:
	$(CARGO) bench --locked --bench deliveries

# How long one organization's webhooks and full syncs take while others hang, are large or end.
# Prints a table; some ten minutes.
bench-neighbours:
	$(CARGO) bench --locked --bench neighbours

# Pictures of every page, at both widths and in both themes: PICTURES=FOLDER, or target/screenshots.
PICTURES ?= target/screenshots
screenshots:
	scripts/test-setup
	mkdir -p "$(PICTURES)"
	ROLLCALL_TEST_PICTURES="$$(cd "$(PICTURES)" && pwd)" $(CARGO) test --locked --test it -- \
		chromium::
	@echo "The pictures are in $(PICTURES)"
