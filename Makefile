# Set-up, demo and tests. Python 3.12 is the one that .python-version names (pyenv and uv both honour it).
.PHONY: demo init preflight test clean help help-dev
.PHONY: test-marked test-all check benchmark scale calibration comparison fuzz requirements reference docs archive
.PHONY: benchmark-annotation benchmark-labels
.PHONY: calibration-rates calibration-r calibration-verdicts calibration-technical
.DEFAULT_GOAL := help

CORES ?= 2
COHORTS ?= 2000
SEEDS ?= 2 3 4
# validator of the schema that scripts/cd20scope/export/cellxgene_terms.py names
CELLXGENE := cellxgene-schema==7.1.2
UV_VERSION := 0.13.9
UV := .uv/bin/uv
PYTHON := .venv/bin/python
# A cohort run never needs more than one BLAS thread a job: jobs run side by side.
export OMP_NUM_THREADS ?= 1

# Tests that a user need not wait for; pyproject.toml says what each marker means.
MARKED := faults or slurm or browser or r or network or cohort or cellxgene or slow
# Workers take whole files in the order of tests/conftest.py, the longest first.
PYTEST = $(PYTHON) -m pytest -n $(CORES) --dist loadfile --no-loadscope-reorder

help:  ## this list
	@grep -E '^[a-z-]+:.*[^#]## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16
	@echo "What contributors run: make help-dev"

help-dev:  ### what contributors run
	@grep -E '^[a-z-]+:.*### ' $(MAKEFILE_LIST) | sed -E 's/:.*### /\t/' | expand -t 16

.uv/installed-$(UV_VERSION):
	python3 -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	touch $@

.venv/installed: requirements-dev.txt .python-version .uv/installed-$(UV_VERSION)
	$(UV) venv --quiet --clear .venv
	$(UV) pip sync --quiet --require-hashes --compile-bytecode --python .venv requirements-dev.txt
	touch $@

# of the validator of CELLxGENE, which needs older packages than the workflow
.cellxgene/installed: requirements-cellxgene.txt .venv/installed
	$(UV) venv --quiet --clear --python $(PYTHON) .cellxgene
	$(UV) pip sync --quiet --require-hashes --python .cellxgene requirements-cellxgene.txt
	touch $@

demo: .venv/installed  ## run the built-in cohort (8 donors x 3 visits) and print the path of the report
	@# bars in a terminal, lines where there is none
	if [ -t 2 ]; then progress="--logger rich"; else progress="--quiet rules"; fi; \
	.venv/bin/snakemake --cores $(CORES) --configfile config/demo.yaml --workflow-profile workflow/profiles/default $$progress

init: .venv/installed  ## guess a sample sheet and a configuration from data: make init FROM=data DIR=my_study
	./cd20scope init $(FROM) --out $(or $(DIR),my_study)

preflight: .venv/installed  ## look at a study's samples without reading them whole: make preflight CONFIG=my_study/study.yaml
	./cd20scope preflight $(CONFIG) $(if $(DIR),--directory $(DIR)) --cores $(CORES)

test: .venv/installed  ## test this installation, the demo included: five minutes on two cores
	$(PYTEST) -m "not ($(MARKED))"

test-marked: .venv/installed .cellxgene/installed  ### the tests that make test leaves out: faults, SLURM, browser, R, network, other cohorts
	$(PYTEST) -m "$(MARKED)"

test-all: .venv/installed .cellxgene/installed  ### every test
	$(PYTEST)

check: .venv/installed  ### style, types, lint, dry run
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/snakefmt --check Snakefile workflow
	.venv/bin/snakemake --lint --configfile config/demo.yaml
	.venv/bin/snakemake --dry-run --quiet all --configfile config/demo.yaml

# The parts of benchmark and calibration use one core each: make -j 2 runs two side by side.
benchmark: benchmark-annotation benchmark-labels  ### how right the labels are, beside other methods, on the cells in CD20SCOPE_DATA (a quarter of an hour)

benchmark-annotation benchmark-labels: .venv/installed
	$(PYTHON) tests/benchmark/$(subst benchmark-,,$@).py

scale: .venv/installed  ### time and memory, beside an in-memory scanpy script and, with BASE=dir, another checkout (an hour)
	$(PYTHON) tests/benchmark/scale.py --cores $(CORES) $(if $(BASE),--base $(BASE))

calibration: calibration-rates calibration-r calibration-verdicts calibration-technical  ### how often tests and verdicts are wrong: simulations, R, and cohorts of sorted cells where there are any (three hours)

calibration-rates: .venv/installed
	$(PYTHON) tests/benchmark/calibration.py --cohorts $(COHORTS)

calibration-r: .venv/installed
	$(PYTHON) -W ignore tests/oracle/comparison.py

calibration-verdicts: .venv/installed
	if $(PYTHON) tests/fixtures/reference_data.py zheng_sorted.h5ad real_cohort.py; then \
	  $(PYTHON) tests/benchmark/verdicts.py --seeds $(SEEDS); fi

# TECHNICAL holds options: seeds, kinds, a folder that keeps what was run
calibration-technical: .venv/installed
	if $(PYTHON) tests/fixtures/reference_data.py zheng_sorted.h5ad real_cohort.py perturb.py; then \
	  $(PYTHON) tests/benchmark/technical.py $(TECHNICAL); fi

comparison: .venv/installed  ### verdicts beside methods in common use, on cohorts of the generator (half an hour): make comparison DIR=folder PEERS=python
	$(PYTHON) tests/benchmark/comparison_cohorts.py $(or $(DIR),comparison)
	$(PYTHON) tests/benchmark/comparison.py $(or $(DIR),comparison) $(if $(PEERS),--peers $(PEERS))

fuzz: .venv/installed  ### feed a reader with made-up input until it breaks: make fuzz TARGET=sheet SECONDS=120 (sheet, config, mtx, table, hdf5)
	$(PYTHON) tests/fuzz/fuzz_inputs.py $(or $(TARGET),sheet) --seconds $(or $(SECONDS),120)

requirements: .uv/installed-$(UV_VERSION)  ### compile the pins anew from pyproject.toml
	$(UV) pip compile --quiet --upgrade --python-version 3.12 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make requirements" pyproject.toml --output-file requirements.txt
	$(UV) pip compile --quiet --upgrade --python-version 3.12 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make requirements" pyproject.toml --group dev --constraint requirements.txt \
	  --output-file requirements-dev.txt
	$(UV) pip compile --quiet --upgrade --python-version 3.12 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make requirements" --group docs --output-file requirements-docs.txt
	echo "$(CELLXGENE)" | $(UV) pip compile --quiet --upgrade --python-version 3.12 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make requirements" - --output-file requirements-cellxgene.txt

reference: .venv/installed  ### write config/config.yaml, config/README.md and docs/populations.md from their sources
	$(PYTHON) docs/make_reference.py
	$(PYTHON) docs/make_populations.py

.venv-docs/installed: requirements-docs.txt .python-version .uv/installed-$(UV_VERSION)
	$(UV) venv --quiet --clear .venv-docs
	$(UV) pip sync --quiet --require-hashes --python .venv-docs requirements-docs.txt
	touch $@

docs: .venv-docs/installed  ### the documentation as a site, site/index.html, with the report of the demo where there is one
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet

DIST ?= dist
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

archive:  ### archive of the committed sources and its SHA-256, for a release
	mkdir -p $(DIST)
	git archive --format=tar.gz --prefix=cd20scope-$(VERSION)/ --output=$(DIST)/cd20scope-$(VERSION).tar.gz HEAD
	cd $(DIST) && sha256sum cd20scope-$(VERSION).tar.gz > cd20scope-$(VERSION).tar.gz.sha256

clean:  ## remove results, not the environment
	rm -rf .snakemake .pytest_cache .mypy_cache .ruff_cache site
	find results -mindepth 1 -not -name .gitkeep -delete
