PYTHON ?= python3
BIN := .venv/bin
# Of the extras, what a service in a container has; a bill as Parquet needs 170 MB more.
SERVICE := dingtalk feishu postgres redis slack traces
# Up to four workers; the tests of one file share its servers, so they stay on one of them.
PYTEST := $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile

.PHONY: run test check format live eval gate lock clean

run: .venv/run
	$(BIN)/midwatch up

test: .venv/test
	$(PYTEST)
	@echo "Left out: the live suites, against real servers (make live; docs/testing.md says how)."

check: .venv/test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(PYTEST)

format: .venv/test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

live: .venv/test
	$(PYTEST) -m "live or e2e"

eval: .venv/test
	$(BIN)/midwatch eval run

gate: .venv/test
	$(BIN)/midwatch eval gate full
	$(BIN)/midwatch eval gate plumbing
	$(BIN)/midwatch eval gate repairs

lock:
	uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -o requirements.lock
	uv pip compile -q pyproject.toml $(SERVICE:%=--extra %) -c requirements.lock --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -o requirements-service.lock
	uv pip compile -q pyproject.toml --group test -c requirements.lock --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -o requirements-test.lock

clean:
	rm -rf .venv

.venv/run .venv/test: pyproject.toml
.venv/run: requirements.lock
.venv/test: requirements-test.lock
.venv/run .venv/test:
	test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "Install Python's venv module (Debian: python3-venv)."; exit 2; }
	@echo "Installing what Midwatch needs into .venv (a minute or two, once)."
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(filter %.lock,$^)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	touch $@
