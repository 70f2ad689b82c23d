# Every target sets up what it needs: a virtual environment with locked, hashed dependencies.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: install demo test unit lint lab-test soak bench lock clean

install: $(READY)

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Snapferry needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "Setting up $(VENV) (locked dependencies, less than a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.txt > $(VENV)/uv.txt
	@$(PIP) --require-hashes -r $(VENV)/uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt || \
	  { echo "uv could not; pip, which knows your pip.conf, takes over (about two minutes) ..."; \
	    $(PIP) --require-hashes -r requirements.txt; }
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)
	@$(BIN)/snapferry demo

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

unit: $(READY)
	$(BIN)/pytest tests/unit

# Two runs at once, each with a lab of its own, take the lab's modules in turn (tests/lab/turns.py). What is to come
# before them in `make test` is made beside the first of them.
BEFORE :=
lab-test: $(READY)
	@turns=$$(mktemp -d); export SNAPFERRY_TEST_TURNS=$$turns; \
	$(BIN)/pytest tests/lab > .lab-other.log 2>&1 & other=$$!; \
	trap 'kill $$other 2>/dev/null; rm -rf $$turns' EXIT; trap 'exit 130' INT TERM; \
	$(if $(BEFORE),$(MAKE) --no-print-directory $(BEFORE) || exit;) \
	$(BIN)/pytest tests/lab; own=$$?; wait $$other; others=$$?; cat .lab-other.log; exit $$((own + others))

test: $(READY)
	@$(MAKE) --no-print-directory lab-test BEFORE='lint unit'

# The main job again and again while things go wrong; with JOB=rehearse, rehearsals that are killed; with
# JOB=cutover, seed rounds and cutovers that are.
# `make soak SEED=17` repeats one run, and records nothing.
soak: $(READY)
	$(BIN)/python -m tests.soak $(if $(JOB),--job $(JOB)) \
	  $(if $(SEED)$(RUNS),$(if $(SEED),--seed $(SEED)) $(if $(RUNS),--runs $(RUNS)),--record)

# `make bench PART=window` and `PART=many` measure cutovers and a thousand indices instead.
bench: $(READY)
	$(BIN)/python -m benchmarks $(PART)

lock: $(READY)
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --extra lab --group dev \
	  --no-header --quiet pyproject.toml --output-file requirements.txt

clean:
	rm -rf $(VENV) *.egg-info build
