# The two commands of the README, and what people and CI both run.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PENCHANT_THREADS ?= 2
export OMP_NUM_THREADS ?= $(PENCHANT_THREADS)
export OPENBLAS_NUM_THREADS ?= $(PENCHANT_THREADS)

.DEFAULT_GOAL := help
.PHONY: help run test test-fast check format docs real-readers picture results bench bench-million bench-guard clean

help:  ## show this list
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 16

run: $(VENV)/run.done  ## virtual environment, install, demo
	$(BIN)/penchant demo

test: $(VENV)/test.done  ## virtual environment, install, whole suite
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --durations 20

test-fast: $(VENV)/test.done  ## the tests that need no other process: under two minutes
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m 'not slow' tests

check: $(VENV)/test.done  ## style, types, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/test.done  ## write the code as `make check` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/test.done  ## build the site of the docs into site/
	$(BIN)/python docs/tables.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

real-readers: $(VENV)/test.done  ## write docs/real-readers.md from the real data
	$(BIN)/python docs/real_readers.py > docs/real-readers.md.part
	mv docs/real-readers.md.part docs/real-readers.md

picture: $(VENV)/test.done  ## make docs/page.png, the page as the README shows it
	PENCHANT_PICTURES=docs $(BIN)/python -m pytest -q tests/serve/test_page.py -k river

LAB := $(BIN)/penchant lab
REPORTS := reports
RUN = $(LAB) run --data $(1) --protocol $(2) --embedder $(3) --studies none --out $(REPORTS)/$(1)-$(2)
UNSEEN = $(LAB) run --data $(1) --protocol $(2) --embedder $(3) --studies none --methods blend --start $(REPORTS)/start.json --out $(REPORTS)/$(1)-unseen
CHAPTERS := deskdrop-live deskdrop-whose deskdrop-full pydev-full beauty-full beauty-comirec kmrd-full kmrd-whose nemig-impressions \
	deskdrop-ira pydev-ira beauty-ira deskdrop-shift deskdrop-unseen pydev-unseen beauty-unseen kmrd-unseen

results: $(VENV)/test.done  ## run the lab on the real data (PENCHANT_DATA) and write docs/results.md
	$(LAB) tune --embedder minilm --data deskdrop --seconds 30 --out $(REPORTS)/tuned-deskdrop.json
	$(LAB) tune --embedder minilm --data beauty --methods 'BPR,ALS,ItemKNN,ItemKNN 0.9' --seconds 30 --out $(REPORTS)/tuned-beauty.json
	$(LAB) tune --embedder minilm --data deskdrop --data pydev --data beauty --methods blend --users 1500 --seconds 3000 --trials 45 \
		--out $(REPORTS)/tuned-blend.json
	$(LAB) weights --data deskdrop --embedder minilm --data pydev --embedder minilm --data beauty --embedder minilm \
		--data kmrd --embedder corpus --most 500 --leave-one-out --json > $(REPORTS)/start.json
	$(call RUN,deskdrop,live,minilm) --tuned $(REPORTS)/tuned-deskdrop.json --methods all,ablations,frontier,towers
	$(call RUN,deskdrop,whose,minilm) --tuned $(REPORTS)/tuned-deskdrop.json --methods all,ablations,frontier
	$(call RUN,deskdrop,full,minilm) --tuned $(REPORTS)/tuned-deskdrop.json
	$(call RUN,deskdrop,ira,minilm) --tuned $(REPORTS)/tuned-deskdrop.json --studies all --study-users 80
	$(call RUN,deskdrop,shift,minilm) --tuned $(REPORTS)/tuned-deskdrop.json
	$(call RUN,pydev,full,minilm) --methods all,ablations
	$(call RUN,pydev,ira,minilm) --studies all --study-users 80
	$(call RUN,beauty,full,minilm) --tuned $(REPORTS)/tuned-beauty.json --methods all,ablations,towers
	$(call RUN,beauty,comirec,minilm) --methods 'backbones,eimf,mean vector'
	$(call RUN,beauty,ira,minilm) --tuned $(REPORTS)/tuned-beauty.json --studies all --study-users 80
	$(call RUN,kmrd,full,corpus) --users 500 --methods light,ablations
	$(call RUN,kmrd,whose,corpus) --methods light,own
	$(call RUN,nemig,impressions,corpus) --methods light,ablations
	$(call UNSEEN,deskdrop,live,minilm)
	$(call UNSEEN,pydev,full,minilm)
	$(call UNSEEN,beauty,full,minilm)
	$(call UNSEEN,kmrd,full,corpus) --users 500
	$(BIN)/python benchmarks/communities.py > $(REPORTS)/communities.md
	$(BIN)/python benchmarks/exposure.py > $(REPORTS)/exposure.md
	$(LAB) results $(addprefix $(REPORTS)/,$(CHAPTERS)) --more $(REPORTS)/communities.md --more $(REPORTS)/exposure.md \
		--tuned $(REPORTS)/tuned-deskdrop.json --tuned $(REPORTS)/tuned-beauty.json --tuned $(REPORTS)/tuned-blend.json --out docs/results.md

$(VENV)/bench.done: $(VENV)/test.done  ## what is measured beside penchant
	$(PIP) install faiss-cpu hnswlib qdrant-client
	touch $@

bench: $(VENV)/bench.done  ## measure everything (some 15 minutes) and write docs/performance.md
	$(BIN)/python benchmarks/bench.py

bench-million: $(VENV)/bench.done  ## the index of a million documents, and the service with MiniLM: an hour
	$(BIN)/python benchmarks/bench.py million minilm

bench-guard: $(VENV)/test.done  ## do five core paths execute more instructions than before?
	$(BIN)/python benchmarks/guard.py

clean:  ## remove the virtual environment
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("penchant needs Python 3.11 or later, this is " + sys.version) if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'

$(VENV)/run.done: $(BIN)/python pyproject.toml
	$(PIP) install --editable '.[korean]'
	touch $@

$(VENV)/test.done: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --constraint constraints.txt --editable '.[all]' --group dev
	touch $@ $(VENV)/run.done
