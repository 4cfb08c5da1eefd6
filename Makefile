# One command each: make setup | train | test | lint | bench | lock.  PYTHON=python3.12 picks another interpreter.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
# What make bench compares on.
BENCH_RUN ?= runs/albert_tiny-multi_label-1
TRAIN ?= data/train.csv
TEST ?= data/test.csv
OUT ?= runs/bench
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
UV_COMPILE = uv pip compile --quiet --universal --python-version 3.10 --override requirements/overrides.txt \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: setup setup-dev train test lint bench lock

setup: $(VENV)/.installed
setup-dev: $(VENV)/.installed-dev

# --no-deps: the lock is complete, and a resolver would refuse bert4keras beside tensorflow; requirements/overrides.txt
# says why.
$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "zhlabel needs Python 3.10 to 3.13; name one with: make setup PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --no-deps -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements/dev.txt $(VENV)/.installed
	$(RUN) -m pip install --quiet --no-deps -r requirements/dev.txt
	@touch $@

train: setup
	$(RUN) model_train.py
	$(RUN) model_evaluate.py

test: setup-dev
	$(RUN) -m pytest

lint: setup-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

# Beside `transformers` and plain bert4keras; PyTorch's build without CUDA comes from its own index.
bench: setup
	$(RUN) -m pip install --quiet --no-deps --extra-index-url $(TORCH_INDEX) -r requirements/bench.txt
	$(RUN) -m benchmarks.side_by_side $(BENCH_RUN) $(TRAIN) $(TEST) $(OUT)

# Needs uv (pip install uv).
lock:
	$(UV_COMPILE) requirements/train.in -o requirements.txt
	$(UV_COMPILE) requirements/gpu.in -o requirements/gpu.txt
	$(UV_COMPILE) requirements/dev.in -o requirements/dev.txt
	$(UV_COMPILE) --override requirements/overrides-bench.txt -c requirements.txt requirements/bench.in \
		-o requirements/bench.txt
