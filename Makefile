# Set-up, demo and tests. Python 3.12 is the one that .python-version names (pyenv and uv both honour it).
.PHONY: demo init preflight test check benchmark scale calibration fuzz requirements reference clean help
.DEFAULT_GOAL := help

CORES ?= 2
COHORTS ?= 2000
SEEDS ?= 2 3 4
UV_VERSION := 0.13.9
UV := .uv/bin/uv
PYTHON := .venv/bin/python
# A cohort run never needs more than one BLAS thread a job: jobs run side by side.
export OMP_NUM_THREADS ?= 1

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.uv/installed-$(UV_VERSION):
	python3 -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	touch $@

.venv/installed: requirements-dev.txt .python-version .uv/installed-$(UV_VERSION)
	$(UV) venv --quiet --clear .venv
	$(UV) pip sync --quiet --require-hashes --compile-bytecode --python .venv requirements-dev.txt
	touch $@

demo: .venv/installed  ## run the built-in cohort (8 donors x 3 visits) and print the path of the report
	@# bars in a terminal, lines where there is none
	if [ -t 2 ]; then progress="--logger rich"; else progress="--quiet rules"; fi; \
	.venv/bin/snakemake --cores $(CORES) --configfile config/demo.yaml --workflow-profile workflow/profiles/default $$progress
	@echo "Report: $(CURDIR)/results/report/report.html"

init: .venv/installed  ## guess a sample sheet and a configuration from data: make init FROM=data DIR=my_study
	./cd20scope init $(FROM) --out $(or $(DIR),my_study)

preflight: .venv/installed  ## look at a study's samples without reading them whole: make preflight CONFIG=my_study/study.yaml
	./cd20scope preflight $(CONFIG) $(if $(DIR),--directory $(DIR)) --cores $(CORES)

test: .venv/installed  ## run every test
	$(PYTHON) -m pytest -n $(CORES) --dist loadfile

check: .venv/installed  ## what contributors run beside the tests: style, types, lint, dry run
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/snakefmt --check Snakefile workflow
	.venv/bin/snakemake --lint --configfile config/demo.yaml
	.venv/bin/snakemake --dry-run --quiet all --configfile config/demo.yaml

benchmark: .venv/installed  ## how right the labels are, beside other methods, on the cells in ../shared (six minutes)
	$(PYTHON) tests/benchmark/annotation.py

scale: .venv/installed  ## time and memory beside an in-memory scanpy script, 45,000 and 225,000 cells made from those in ../shared (an hour)
	$(PYTHON) tests/benchmark/scale.py --cores $(CORES)

calibration: .venv/installed  ## how often tests and verdicts are wrong: simulations, R, and cohorts of sorted cells if they are in ../shared
	$(PYTHON) tests/benchmark/calibration.py --cohorts $(COHORTS)
	$(PYTHON) -W ignore tests/oracle/comparison.py
	if [ -d ../shared ]; then $(PYTHON) tests/benchmark/verdicts.py --seeds $(SEEDS); fi

fuzz: .venv/installed  ## feed a reader with made-up input until it breaks: make fuzz TARGET=sheet SECONDS=120 (sheet, config, mtx, table)
	$(PYTHON) tests/fuzz/fuzz_inputs.py $(or $(TARGET),sheet) --seconds $(or $(SECONDS),120)

requirements: .uv/installed-$(UV_VERSION)  ## compile the pins anew from pyproject.toml
	$(UV) pip compile --quiet --upgrade --python-version 3.12 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make requirements" pyproject.toml --output-file requirements.txt
	$(UV) pip compile --quiet --upgrade --python-version 3.12 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make requirements" pyproject.toml --group dev --constraint requirements.txt \
	  --output-file requirements-dev.txt

reference: .venv/installed  ## write config/config.yaml, config/README.md and docs/populations.md from their sources
	$(PYTHON) docs/make_reference.py
	$(PYTHON) docs/make_populations.py

clean:  ## remove results, not the environment
	rm -rf .snakemake .pytest_cache .mypy_cache .ruff_cache
	find results -mindepth 1 -not -name .gitkeep -delete
