# make setup | demo | test | coverage | bench | train | clean. Everything is made from nothing; a second run needs no network.
#
# COMFYUI_PATH=/path/to/ComfyUI  use that host instead of the project's own
# VENV=folder                    use that virtual environment (made with PYTHON when it is not there)

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python
PYTEST_ARGS ?=
# Of what ships, by the tests of these processes.
COVERAGE = --cov=inversecrafter_core --cov=nodes --cov=inversecrafter_client --cov-report=term:skip-covered

# Two processes: one takes the tests that need a server or a page (tests/conftest.py says which), the other all else.
WORKERS = $(shell $(RUN) -c "import xdist" 2>/dev/null && echo '-n 2 --dist loadscope --no-loadscope-reorder')

.PHONY: setup demo test coverage lint bench train clean

setup: $(RUN)
	@$(RUN) -m lab.host.install

$(RUN):
	$(PYTHON) -m venv $(VENV)

# JOB=recapture|two_experts|single_image|interpolation|editing|restoration|scene_latents VIDEO=file TRAJECTORY=name FRAMES=17 SIZE=384x224, each optional;
# single_image also takes PHOTO=file, interpolation START=file END=file, editing PROMPT="words" BOX=x,y,width,height EDITED=file
demo: setup
	@$(RUN) -m lab.demo $(if $(JOB),--job "$(JOB)") $(if $(PHOTO),--photo "$(PHOTO)") \
		$(if $(START),--start "$(START)") $(if $(END),--end "$(END)") \
		$(if $(PROMPT),--prompt "$(PROMPT)") $(if $(BOX),--box "$(BOX)") $(if $(EDITED),--edited "$(EDITED)") \
		$(if $(VIDEO),--video "$(VIDEO)") $(if $(TRAJECTORY),--trajectory "$(TRAJECTORY)") \
		$(if $(FRAMES),--frames "$(FRAMES)") $(if $(SIZE),--size "$(SIZE)")

lint: setup
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

test: lint
	@$(RUN) -m pytest tests $(WORKERS) $(PYTEST_ARGS)

# A third slower than the tests alone.
coverage: setup
	@$(RUN) -m pytest tests $(WORKERS) $(COVERAGE) $(PYTEST_ARGS)

bench: setup
	@$(RUN) -m lab.benchmarks

# The embedded weights, from nothing; a stopped run goes on where it was. INVERSECRAFTER_RUNS=folder keeps the runs elsewhere.
train: setup
	@$(RUN) -m lab.training.all

# What runs leave behind. The host, the packages and the downloaded files stay: remove .host, .cache and the environment for those.
clean:
	rm -rf .host/base/output .host/base/temp .host/base/host.log output .mypy_cache .ruff_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -not -path './.host/*' -prune -exec rm -rf {} +
