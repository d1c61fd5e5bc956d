# Everything that is typed here; `make help` lists it. Each command sets up what it needs: a machine with a Rust toolchain
# and Python 3.11 or newer is enough. Tests, demo and benchmarks run against the built wheel, as a user has it, not against
# the source tree. The files in .stamps/ say what is up to date, so that nothing is built twice.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-rust test-python bench soak sanitize lint fmt docs wheel packages semver clean system-programs FORCE free-threaded lowest newest

PYTHON ?= python3
BENCH ?=
NEWEST ?= 3.14
# The demo does not wait for a profile; what is tested, measured or given to others has one.
PROFILE ?= $(if $(filter-out demo,$(MAKECMDGOALS)),yes,no)
PYTEST_ARGS ?=
PARTS ?=

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# A lock file that is behind its Cargo.toml is mended in a working tree and is an error in CI.
LOCKED := $(if $(CI),--locked)
# The bindings have no Rust tests of their own, and a test program of theirs would have to be linked with libpython.
TESTED := --workspace --exclude ndiswan-python

export PYO3_PYTHON := $(BIN)/python
export PIP_ROOT_USER_ACTION := ignore

sources := Cargo.toml pyproject.toml $(wildcard Cargo.lock) $(sort $(shell \
    find rust python -type d \( -name target -o -name __pycache__ -o -name tests \) -prune -o \
        -type f \( -name '*.rs' -o -name 'Cargo.toml' -o -name '*.py' -o -name '*.pyi' -o -name 'py.typed' -o -name '*.html' -o -name '*.h' -o -name '*.c' -o -name '*.css' -o -name '*.js' \) -print))
wheel_file = $$(echo dist/*.whl)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .stamps/installed ## the main job: check a good and a bad modem driver on real frames
	$(BIN)/python examples/demo.py

test: system-programs lint test-rust test-python ## all tests, Rust and Python, linters first

test-rust: ## the Rust suites
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run $(LOCKED) $(TESTED); else cargo test $(LOCKED) $(TESTED) --all-targets; fi
	cargo test $(LOCKED) $(TESTED) --doc

test-python: .stamps/dev ## the Python suite; PYTEST_ARGS="-k window" for a part of it
	$(BIN)/python -m pytest -n 2 $(PYTEST_ARGS)

bench: .stamps/dev ## every comparison, and the page docs/explanation/performance.md; BENCH=ring for one table
	@test -s .stamps/profile || echo >&2 'The wheel has no profile: with Python in it, all of ours is slower than on the page.'
	$(BIN)/python benchmarks/run.py $(BENCH)

soak: system-programs .stamps/dev wheel ## the long campaigns, Rust and Python
	cargo test --release $(LOCKED) $(TESTED) --tests -- --ignored soak
	tools/crate dist/release semver
	$(BIN)/python -m pytest -m soak --timeout 0 $(PYTEST_ARGS)
	$(BIN)/python tests/mutations.py
	tools/sanitize
	tools/lowest .stamps/lowest $(BIN)/python $(wheel_file)
	tools/newest .stamps/newest-$(NEWEST) $(NEWEST) $(BIN)/maturin
	tools/free-threaded .stamps/free-threaded $(BIN)/maturin

free-threaded: $(BIN)/maturin system-programs ## the Python suite on CPython without a GIL, which it builds first
	tools/free-threaded .stamps/free-threaded $(BIN)/maturin $(PYTEST_ARGS)

lowest: wheel system-programs ## the Python suite with the oldest packages that will do
	tools/lowest .stamps/lowest $(BIN)/python $(wheel_file) $(PYTEST_ARGS)

newest: $(BIN)/maturin system-programs ## the Python suite on CPython NEWEST (3.14), which it gets from Debian
	tools/newest .stamps/newest-$(NEWEST) $(NEWEST) $(BIN)/maturin $(PYTEST_ARGS)

sanitize: .stamps/dev ## the ring under ThreadSanitizer and AddressSanitizer, under Python too
	tools/sanitize

lint: .stamps/dev ## formatting, clippy, ruff, mypy, and the stubs against the module
	cargo fmt --all --check
	cargo clippy $(LOCKED) --workspace --all-targets -- -D warnings
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest ndiswan --mypy-config-file pyproject.toml --allowlist tests/typing/stubtest.allow

fmt: $(BIN)/ruff ## format Rust and Python, and mend what ruff can
	cargo fmt --all
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

docs: .stamps/dev ## HTML in docs/_build/html; a warning is an error
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build/html
	RUSTDOCFLAGS="-D warnings" cargo doc $(LOCKED) --quiet --no-deps --package ndiswan
	@echo "docs/_build/html/index.html and target/doc/ndiswan/index.html"

wheel: .stamps/wheel ## the wheel in dist/, for this Python on this machine
	@ls -l dist/*.whl

packages: $(VENV)/pyvenv.cfg ## what is given to others, in dist/release/: wheels, source, crate; each is tried. PARTS="sdist user" for some
	tools/packages dist/release $(BIN)/python $(PARTS)

semver: ## the crate's public interface beside the last release; BASELINE=COMMIT for another
	tools/crate dist/release semver

clean: ## forget everything that was built
	rm -rf .stamps $(VENV) dist docs/_build target

# What the tests talk to and compare with: a peer, a dissector, a browser, a second C compiler, headers. Nobody here wrote any.
system-programs:
	@tools/need 'command -v slirp-fullbolt' slirp 'command -v tshark' tshark 'command -v redis-server' redis-server \
	    'command -v chromium' chromium 'command -v clang' clang 'test -e "$$(clang -print-file-name=libclang_rt.asan-x86_64.so)"' libclang-rt-dev 'command -v objdump' binutils \
	    'test -d /usr/share/mingw-w64/include/ddk' mingw-w64-common 'command -v git' git

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed; {sys.executable} is {sys.version}. Say which: make PYTHON=python3.12")'
	@tools/need '$(PYTHON) -c "import ensurepip, venv"' python3-venv
	$(PYTHON) -m venv --clear $(VENV)

$(BIN)/maturin: $(VENV)/pyvenv.cfg
	@echo "Installing maturin into $(VENV)"
	@$(PIP) install 'maturin>=1.16,<2'
	@touch $@

$(BIN)/ruff: $(VENV)/pyvenv.cfg
	@$(PIP) install ruff
	@touch $@

# Newer than the wheel when a source file has come or gone, which the other files' dates do not show.
.stamps/sources: FORCE
	@mkdir -p $(@D)
	@echo '$(sources)' | cmp -s - $@ || echo '$(sources)' >$@

# The stamp has the time at which the build began: what is edited meanwhile is built the next time. .stamps/profile has the
# option of the compiler that names the profile; it is empty where there could be none, and the wheel is built without.
wheel_command = $(BIN)/maturin build --release $(LOCKED) --interpreter $(BIN)/python
.stamps/wheel: $(BIN)/maturin .stamps/sources $(sources) tools/profile tools/training.py
	@rm -rf dist .stamps/profile
	@touch $@.began
	$(if $(filter yes,$(PROFILE)),-@tools/profile $(BIN)/python $(wheel_command) >.stamps/profile)
	RUSTFLAGS="$${RUSTFLAGS:-} $$(cat .stamps/profile 2>/dev/null || true)" $(wheel_command) --out dist
	@mv $@.began $@

# The second line, because pip takes another wheel of the same version for the same wheel.
.stamps/installed: .stamps/wheel
	@echo "Installing $(wheel_file) into $(VENV)"
	@$(PIP) install "$(wheel_file)[cli]"
	@$(PIP) install --force-reinstall --no-deps "$(wheel_file)"
	@touch $@

.stamps/dev: .stamps/installed
	@echo "Installing what tests, linters and docs need into $(VENV)"
	@$(PIP) install "$(wheel_file)[dev]"
	@touch $@

# After `maturin develop` the environment holds the source tree; the next command here puts the wheel back.
ifneq ($(wildcard $(VENV)/lib/python3*/site-packages/ndiswan.pth),)
.PHONY: .stamps/installed
endif

# A wheel that was to have no profile is not what others want.
ifeq ($(PROFILE)$(wildcard .stamps/profile),yes)
.PHONY: .stamps/wheel
endif
