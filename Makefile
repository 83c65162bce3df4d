# Every command does its own set-up; `make demo` and `make test` are all that a newcomer needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test types ordinary check thorough faults bench bench-peers clean

demo: $(VENV)/.ready        ## the whole main job on a temporary folder, within a minute
	$(BIN)/mailbot demo

test: $(VENV)/.ready        ## style, types and the ordinary tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory -j2 types ordinary  # at once: what mypy has not seen before takes it most of a minute, on one core

types: $(VENV)/.ready
	$(BIN)/mypy

ordinary: $(VENV)/.ready
	$(BIN)/python -m pytest -n auto --dist worksteal

check: test                 ## the same, by another usual name

thorough: $(VENV)/.ready    ## what `make test` leaves out, see tests/thorough.py
	THOROUGH=1 $(BIN)/python -m pytest -n auto --dist worksteal -m thorough -p _hypothesis_pytestplugin

faults: $(VENV)/.ready      ## kills, full disks, hung-up clients; FAULTS=short for CI's form
	$(BIN)/python -m pytest tests/faults -m fault

bench: $(VENV)/.ready       ## what the engine costs, as one table beside its goals; see docs/benchmarks.md
	$(BIN)/python benchmarks/table

bench-peers: $(VENV)/.ready ## the same post by mlmmj (Debian's) and Mailman 3 (installed in .peers), in turn with ours
	$(BIN)/python benchmarks/peers

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .peers .mypy_cache .ruff_cache .pytest_cache
