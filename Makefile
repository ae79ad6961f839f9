# The stage graph. `make` alone prints help; every value of the stages is in configs/.

# These four are set on the command line alone: a DATA left in the environment would be another data set.
DATA := maekrak
CELL := lstm
PRESET :=
SET :=
ARTIFACTS ?= artifacts
PYTHON ?= python3

VENV := .venv
INSTALLED := $(VENV)/installed
ifneq ($(words $(ARTIFACTS)),1)
$(error ARTIFACTS=$(ARTIFACTS): must be one path without spaces)
endif
RUN := $(VENV)/bin/python -m pipeline
OF_DATA := $(ARTIFACTS)/$(DATA)
OF_MODEL := $(ARTIFACTS)/$(DATA)/$(CELL)$(addprefix -,$(PRESET))
CHOICE = --artifacts "$(ARTIFACTS)" --data "$(DATA)" --cell "$(CELL)" --preset "$(PRESET)"
VALUES = --set "$$SET" $(if $(filter explain,$(MAKECMDGOALS)),--own-texts)

# What users type goes through the environment as typed: neither make nor the shell may read its $ and quotes.
override SET := $(value SET)
export SET
unexport TEXT AGAINST FILE
ifeq ($(origin TEXT),command line)
override TEXT := $(value TEXT)
export TEXT
endif
ifeq ($(origin AGAINST),command line)
override AGAINST := $(value AGAINST)
export AGAINST
endif
ifeq ($(origin FILE),command line)
override FILE := $(value FILE)
export FILE
endif

.DEFAULT_GOAL := help
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --jobs=2 # explain and export at once; what else there is to do hangs on what came before
endif
.DELETE_ON_ERROR:
.PRECIOUS: %/manifest.json # a stage puts it in place whole, as its last act: an interrupt just then must not delete it
.SUFFIXES:
.PHONY: help all ingest tokenize pretrain train evaluate explain export predict compare ui bench test lint notebooks plans FORCE

##@ The pipeline (DATA=maekrak|nsmc|imdb_reviews CELL=lstm|gru|vanilla|... PRESET=quick|best SET="section.key=value ...")

all: evaluate explain export ## Run the main job, from data to exported model, and sum it up
	@$(RUN) summary $(CHOICE)

ingest:   $(OF_DATA)/ingest/manifest.json   ## Read a data set into clean splits
tokenize: $(OF_DATA)/tokenize/manifest.json ## Learn the pieces from train
pretrain: $(OF_MODEL)/pretrain/manifest.json ## Learn the layers from text without labels, unless pretrain.objective=none
train:    $(OF_MODEL)/train/manifest.json    ## Fit the classifier, keep what is best on dev
evaluate: $(OF_MODEL)/evaluate/manifest.json ## Measure it and the baseline: test, and whether context decides
explain:  $(OF_MODEL)/explain/manifest.json  ## Write report.html: how it reads, of TEXT="..." AGAINST="..." if given
export:   $(OF_MODEL)/export/manifest.json   ## Write the SavedModel, prove it, register it

# Each stage reads the artifacts whose manifests stand here, and is remade when one of them or its plan changes.
$(OF_DATA)/ingest/manifest.json:   $(OF_DATA)/ingest.json
$(OF_DATA)/tokenize/manifest.json: $(OF_DATA)/tokenize.json $(OF_DATA)/ingest/manifest.json
$(OF_MODEL)/pretrain/manifest.json: $(OF_MODEL)/pretrain.json $(OF_DATA)/ingest/manifest.json $(OF_DATA)/tokenize/manifest.json
$(OF_MODEL)/train/manifest.json:    $(OF_MODEL)/train.json $(OF_DATA)/ingest/manifest.json $(OF_DATA)/tokenize/manifest.json $(OF_MODEL)/pretrain/manifest.json
$(OF_MODEL)/evaluate/manifest.json: $(OF_MODEL)/evaluate.json $(OF_DATA)/ingest/manifest.json $(OF_DATA)/tokenize/manifest.json $(OF_MODEL)/train/manifest.json
$(OF_MODEL)/explain/manifest.json:  $(OF_MODEL)/explain.json $(OF_DATA)/ingest/manifest.json $(OF_DATA)/tokenize/manifest.json $(OF_MODEL)/train/manifest.json $(OF_MODEL)/evaluate/manifest.json $(wildcard $(OF_DATA)/*/train/manifest.json $(OF_DATA)/*/evaluate/manifest.json)
$(OF_MODEL)/export/manifest.json:   $(OF_MODEL)/export.json $(OF_DATA)/ingest/manifest.json $(OF_DATA)/tokenize/manifest.json $(OF_MODEL)/pretrain/manifest.json $(OF_MODEL)/train/manifest.json $(OF_MODEL)/evaluate/manifest.json

%/manifest.json:
	@$(RUN) $(notdir $*) $(CHOICE) $(VALUES) >&2

# One command writes all plans, and only those whose content changed get a new timestamp.
PLANS := $(addsuffix .json,$(addprefix $(OF_DATA)/,ingest tokenize) $(addprefix $(OF_MODEL)/,pretrain train evaluate explain export))
$(PLANS): plans ; @:
plans: $(INSTALLED) FORCE
	@$(RUN) plan $(CHOICE) $(VALUES)
FORCE:

##@ Its results

# What is exported is read as it is; a prediction never trains anew what stands there.
predict: $(if $(wildcard $(OF_MODEL)/export/manifest.json),$(INSTALLED),export) ## Read TEXT="...", FILE=path, or lines on standard input; prints TSV
	@$(RUN) predict $(CHOICE)

compare: $(INSTALLED) ## Show the runs of DATA so far, from MLflow; draw accuracy over minutes
	@$(RUN) compare $(CHOICE)

ui: $(INSTALLED) ## Open the MLflow UI on the project's store (http://127.0.0.1:5000)
	@test -f "$(ARTIFACTS)/mlflow/mlflow.db" || { echo "error: $(ARTIFACTS)/mlflow: no runs yet; run make all" >&2; exit 1; }
	@MLFLOW_DISABLE_TELEMETRY=true $(VENV)/bin/mlflow ui --backend-store-uri "sqlite:///$(abspath $(ARTIFACTS))/mlflow/mlflow.db"

##@ The project

PAGES := $(patsubst notebooks/%.py,$(ARTIFACTS)/notebooks/%.html,$(wildcard notebooks/*/*.py))

notebooks: ## Run the notebooks, on the embedded corpus, into pages
	@$(MAKE) --no-print-directory DATA=maekrak CELL=lstm PRESET= $(PAGES)

$(ARTIFACTS)/notebooks/%.html: notebooks/%.py $(OF_MODEL)/evaluate/manifest.json $(wildcard $(OF_DATA)/*/train/manifest.json)
	@mkdir -p $(@D)
	@$(VENV)/bin/jupytext --quiet --to ipynb --output - $< | ARTIFACTS="$(ARTIFACTS)" $(VENV)/bin/jupyter nbconvert \
	  --log-level WARN --stdin --execute --to html --output "$(abspath $@)"
	@echo $@

bench: $(INSTALLED) ## Time the recurrent layer, and an epoch of DATA if it is tokenized, beside keras.layers (and torch.nn)
	@$(RUN) bench $(CHOICE) $(VALUES)

test: $(INSTALLED) ## Run the tests
	@$(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: $(INSTALLED) ## Check style (ruff) and types (mypy)
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

help: ## Print this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "error: $(PYTHON) is $$($(PYTHON) --version 2>&1); Python 3.11 to 3.13 is needed: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@
