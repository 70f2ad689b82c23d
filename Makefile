# Every target sets up what it needs: a virtual environment with locked, hashed dependencies.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ROOMS := snapferry flows reports tasks runs domains configs lab
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Without compiled modules every command compiles a thousand of them: a second, each time.
unexport PYTHONDONTWRITEBYTECODE

# Unit tests: several processes share them, module by module, or by what their modules share.
UNIT_RUNS ?= 2
UNIT = $(BIN)/pytest --numprocesses $(UNIT_RUNS) --dist loadgroup --no-loadscope-reorder

.PHONY: install browser demo test unit unit-all lint lab-test soak bench lock wheel sbom docs clean

install: $(READY)

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Snapferry needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "Setting up $(VENV) (locked dependencies, less than a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.txt > $(VENV)/uv.txt
	@$(PIP) --require-hashes -r $(VENV)/uv.txt
	@$(BIN)/uv pip install --quiet --no-deps --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.txt || \
	  { echo "uv could not; pip, which knows your pip.conf, takes over (about two minutes) ..."; \
	    $(PIP) --no-deps --require-hashes -r requirements.txt; }
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q $(ROOMS)
	@touch $@

demo: $(READY)
	@$(BIN)/snapferry demo

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/hadolint deployments/Dockerfile

# Pages are tested in the machine's own Chromium; where it has none, Debian's is installed, if that may be.
browser: $(READY)
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m tests.support.postgres

# What takes less than a minute: no test that is marked slow, and no browser.
unit: $(READY)
	$(UNIT) -m "not slow and not soak" tests/unit

unit-all: $(READY) browser
	$(UNIT) tests/unit tests/browser

lab-test: $(READY) browser
	@$(BIN)/python tests/lab

# Lint and unit tests run beside the first of the lab's tests.
test: $(READY) browser
	@$(BIN)/python tests/lab --first "$(MAKE) --no-print-directory lint unit-all"

# The main job again and again while things go wrong; with JOB=rehearse, rehearsals that are killed; with
# JOB=cutover, seed rounds and cutovers that are; with JOB=tail, random histories that are followed and cut
# over; with JOB=way-back, there, back and there again; with JOB=tail-kills, the same, killed on the way;
# with JOB=steady, there and back while clients write for minutes; with JOB=rights, a set-up without each of
# its rights; with JOB=faults, while a tenth and more of all requests go wrong; with JOB=crashes, every verb,
# killed at every point; with JOB=fuzz, damaged input of every kind; with JOB=takeover, a machine that is lost
# with its Prefect worker; with JOB=fleet, a fleet of eight plans that loses one, and the server; with
# JOB=lab, those tests of the lab that `make test` has no time for.
# `make soak SEED=17` repeats one run, and records nothing.
soak: $(READY)
ifeq ($(JOB),lab)
	$(BIN)/pytest -m soak tests/lab
else
	$(BIN)/python -m tests.soak $(if $(JOB),--job $(JOB)) \
	  $(if $(SEED)$(RUNS),$(if $(SEED),--seed $(SEED)) $(if $(RUNS),--runs $(RUNS)),--record)
endif

# `make bench PART=window`, `PART=many` and `PART=limit` measure cutovers, a thousand indices, and the whole
# command against the bare REST calls instead; `PART=page` the report's page in Chromium.
bench: $(READY)
	$(BIN)/python -m benchmarks $(PART)

lock: $(READY)
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --extra lab --extra notify --extra otel --group dev \
	  --no-header --quiet pyproject.toml --output-file requirements.txt

# The documents as a site, in site/.
docs: $(READY)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

# The wheel, and with it the bill of materials and the licences of what it installs, in dist/.
wheel sbom: $(READY)
	@$(BIN)/python -m releasing $@

clean:
	rm -rf $(VENV) *.egg-info build dist site
