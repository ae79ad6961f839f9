# The stage graph. `make` alone prints help; every value of the stages is in configs/.

# These are set on the command line alone: a DATA left in the environment would be another data set.
DATA := maekrak
CELL := lstm
PRESET :=
SET :=
HOST := 127.0.0.1
PORT := 8501
ENGINE := local
CONFIG :=
LANGUAGES := ko en
ALLOWED_HOSTS :=
CORS :=
ARTIFACTS ?= artifacts
PYTHON ?= python3
ifneq ($(words $(ARTIFACTS)),1)
$(error ARTIFACTS=$(ARTIFACTS): must be one path without spaces)
endif

# What Python would read before its first line runs: a folder or a flag of another project's.
unexport PYTHONHOME PYTHONINSPECT PYTHONOPTIMIZE PYTHONPATH PYTHONSAFEPATH PYTHONWARNINGS

VENV := .venv
INSTALLED := $(VENV)/installed
RUN := $(VENV)/bin/python -m pipeline
# Runs a module of another package: its script in .venv/bin would hold the path where it was installed.
PREPARED := $(VENV)/bin/python -m pipeline.support.environment
PYTEST := $(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# What users type goes to Python through the environment, as typed: neither make nor the shell may read its $ and quotes.
# One that is not on the command line is left over from something else, and not passed on.
define as_typed
ifeq ($(origin $(1)),command line)
override $(1) := $$(value $(1))
export $(1)
else
unexport $(1)
endif
endef
$(foreach name,SET TEXT AGAINST FILE IN OUT COLUMN SERVER ADDRESS,$(eval $(call as_typed,$(name))))

# Where artifacts stand, and what each command is told of it. TEXT and AGAINST count where explain is asked for by name.
DATA_DIR := $(ARTIFACTS)/$(DATA)
MODEL_DIR := $(DATA_DIR)/$(CELL)$(addprefix -,$(PRESET))
SELECTION = --artifacts "$(ARTIFACTS)" --data "$(DATA)" --cell "$(CELL)" --preset "$(PRESET)"
OVERRIDES = --set "$$SET" $(if $(filter explain,$(MAKECMDGOALS)),--own-texts)

# A stage is done when its manifest is there, which it writes last. PEERS are those of all models that are there.
INGEST := $(DATA_DIR)/ingest/manifest.json
TOKENIZE := $(DATA_DIR)/tokenize/manifest.json
PRETRAIN := $(MODEL_DIR)/pretrain/manifest.json
TRAIN := $(MODEL_DIR)/train/manifest.json
EVALUATE := $(MODEL_DIR)/evaluate/manifest.json
EXPLAIN := $(MODEL_DIR)/explain/manifest.json
EXPORT := $(MODEL_DIR)/export/manifest.json
PEERS := $(wildcard $(DATA_DIR)/*/train/manifest.json $(DATA_DIR)/*/evaluate/manifest.json)

.DEFAULT_GOAL := help
ifeq ($(MAKELEVEL),0) # a make within make takes its jobs from the outer one
MAKEFLAGS += --jobs=2 # explain and export go side by side; each other stage waits for the one before it
endif
.DELETE_ON_ERROR: # a page of a notebook that failed is no page
.PRECIOUS: %/manifest.json # but a stage puts its manifest in place whole: an interrupt just then must not delete it
.SUFFIXES: # no built-in rules

##@ The pipeline (DATA=maekrak|nsmc|imdb_reviews CELL=lstm|gru|vanilla|... PRESET=quick|best SET="section.key=value ...")
.PHONY: all ingest tokenize pretrain train evaluate explain export why plans

all: evaluate explain export ## Run the main job, from data to exported model, and sum it up
	@$(RUN) summary $(SELECTION)

ingest: $(INGEST) ## Read a data set into clean splits
tokenize: $(TOKENIZE) ## Learn the pieces from train
pretrain: $(PRETRAIN) ## Learn the layers from text without labels, unless pretrain.objective=none
train: $(TRAIN) ## Fit the classifier, keep what is best on dev
evaluate: $(EVALUATE) ## Measure it and the baseline: test, and whether context decides
explain: $(EXPLAIN) ## Write report.html: how it reads, of TEXT="..." AGAINST="..." if given
export: $(EXPORT) ## Write the SavedModel, prove it, register it

why: $(INSTALLED) ## Say for each stage whether it would run again, and why
	@$(RUN) why $(SELECTION) $(OVERRIDES)

# The graph: each stage reads the artifacts that stand after its plan, and runs again when one of them or the plan changes.
$(INGEST): $(DATA_DIR)/ingest.json
$(TOKENIZE): $(DATA_DIR)/tokenize.json $(INGEST)
$(PRETRAIN): $(MODEL_DIR)/pretrain.json $(INGEST) $(TOKENIZE)
$(TRAIN): $(MODEL_DIR)/train.json $(INGEST) $(TOKENIZE) $(PRETRAIN)
$(EVALUATE): $(MODEL_DIR)/evaluate.json $(INGEST) $(TOKENIZE) $(TRAIN)
$(EXPLAIN): $(MODEL_DIR)/explain.json $(INGEST) $(TOKENIZE) $(TRAIN) $(EVALUATE) $(PEERS)
$(EXPORT): $(MODEL_DIR)/export.json $(INGEST) $(TOKENIZE) $(PRETRAIN) $(TRAIN) $(EVALUATE)

%/manifest.json: # % ends in the stage's name. What it prints is no result of make's: hence to standard error
	@$(RUN) $(notdir $*) $(SELECTION) $(OVERRIDES) >&2

# One command writes all plans, and gives a new timestamp only to those whose content changed. The recipe of a plan does
# nothing, but has make look at the plan's time again once `plans` ran: without one, a change would wait for the next make.
PLANS := $(patsubst %/manifest.json,%.json,$(INGEST) $(TOKENIZE) $(PRETRAIN) $(TRAIN) $(EVALUATE) $(EXPLAIN) $(EXPORT))
$(PLANS): plans
	@:
plans: $(INSTALLED)
	@$(RUN) plan $(SELECTION) $(OVERRIDES)

##@ Its results
.PHONY: predict score serve demo compare ui

# What is exported is read as it is: a prediction never trains it anew.
predict: $(if $(SERVER)$(wildcard $(EXPORT)),$(INSTALLED),export) ## Read TEXT="...", FILE=path, or standard input; prints TSV, or writes OUT=path
	@$(RUN) predict $(SELECTION)

score: $(if $(wildcard $(EXPORT)),$(INSTALLED),export) ## Score Parquet, IN=file or folder, into OUT=folder; ENGINE=local|ray|spark
	@$(RUN) score $(SELECTION) --engine "$(ENGINE)"

serve: $(if $(wildcard $(EXPORT)),$(INSTALLED),export) ## Answer over HTTP at HOST:PORT, in TensorFlow Serving's words; a page at /
	@$(RUN) serve $(SELECTION) --host "$(HOST)" --port "$(PORT)" $(if $(CONFIG),--config "$(CONFIG)") \
	  $(if $(ALLOWED_HOSTS),--allowed-hosts "$(ALLOWED_HOSTS)") $(if $(CORS),--cors)

# Of a choice on the command line that model, else any that is exported, else the embedded one, which is made.
CHOSEN := $(filter command,$(origin DATA) $(origin CELL) $(origin PRESET))
EXPORTS := $(wildcard $(EXPORT) $(if $(CHOSEN),,$(ARTIFACTS)/*/*/export/manifest.json))
EXPORTED := $(patsubst $(ARTIFACTS)/%/export/manifest.json,%,$(firstword $(EXPORTS)))
SHOWN := $(subst /, ,$(or $(EXPORTED),$(DATA)/$(CELL)$(addprefix -,$(PRESET))))
SHOWN_MODEL := $(subst -, ,$(word 2,$(SHOWN)))
demo: ## Show how a model reads, on a page at HOST:PORT; makes the embedded one if none is exported
	@$(MAKE) --no-print-directory serve DATA="$(word 1,$(SHOWN))" CELL="$(word 1,$(SHOWN_MODEL))" PRESET="$(word 2,$(SHOWN_MODEL))"

compare: $(INSTALLED) ## Show the runs of DATA so far, from MLflow; draw accuracy over minutes
	@$(RUN) compare $(SELECTION)

ui: $(INSTALLED) ## Open the MLflow UI on the project's store (http://127.0.0.1:5000, or MLFLOW_PORT=...)
	@$(RUN) ui $(SELECTION)

##@ The project
.PHONY: notebooks lab docs bench bench-serve test test-slow lint help

# In a notebook's folder Jupyter reads no configuration of the user's, and finds the kernel of this environment first.
JUPYTER := ARTIFACTS="$(abspath $(ARTIFACTS))" JUPYTER_NO_CONFIG=1 JUPYTER_PREFER_ENV_PATH=1 $(PREPARED)
# On a busy machine a kernel takes its time to start. What a cell prints bit by bit is shown as one. A kernel says that
# it listens on the loopback, which is what is meant.
EXECUTION := --ExecutePreprocessor.startup_timeout=300 --ExecutePreprocessor.coalesce_streams=True \
  --ExecutePreprocessor.extra_arguments=--IPKernelApp.log_level=ERROR
EXECUTED := $(patsubst notebooks/%.py,$(ARTIFACTS)/notebooks/%.ipynb,$(wildcard $(LANGUAGES:%=notebooks/%/*.py)))

notebooks: ## Run the course on the embedded corpus, into pages; LANGUAGES=ko or en for the one alone
	@$(MAKE) --no-print-directory --silent DATA=maekrak CELL=lstm PRESET= $(EXECUTED)
	@$(RUN) notebooks $(SELECTION)

$(ARTIFACTS)/notebooks/%.ipynb: notebooks/%.py $(EXPLAIN) $(EXPORT) $(wildcard $(DATA_DIR)/*/train/manifest.json)
	@mkdir -p $(@D)
	@$(PREPARED) jupytext --quiet --to ipynb --output - $< | $(JUPYTER) nbconvert --log-level ERROR --stdin --execute --to notebook \
	  --output-dir "$(@D)" --output "$(@F)" $(EXECUTION)
	@echo $@

lab: $(INSTALLED) ## Open the course in JupyterLab; what you change there changes the .py
	@$(JUPYTER) jupyterlab --notebook-dir notebooks --ServerApp.ip=127.0.0.1 \
	  --ServerApp.contents_manager_class=jupytext.TextFileContentsManager

docs: notebooks ## Build one site of all pages, the course and the API, in artifacts/docs/
	@$(RUN) docs $(SELECTION)

bench: $(INSTALLED) ## Time the recurrent layer, and an epoch of DATA if it is tokenized, beside keras.layers (and torch.nn)
	@$(RUN) bench $(SELECTION) $(OVERRIDES)

bench-serve: $(if $(wildcard $(EXPORT)),$(INSTALLED),export) ## Time the HTTP service beside the model itself: latency, throughput, memory
	@$(RUN) bench-serve $(SELECTION)

test: $(INSTALLED) ## Run the tests, but those that take long
	@$(PYTEST) -m "not slow and not full"

test-slow: $(INSTALLED) ## Run the tests that take long
	@$(PYTEST) -m slow

lint: $(INSTALLED) ## Check style (ruff) and types (mypy)
	@$(VENV)/bin/python -m ruff check .
	@$(VENV)/bin/python -m ruff format --check .
	@$(VENV)/bin/python -m mypy

help: ## Print this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "error: $(PYTHON) is $$($(PYTHON) --version 2>&1); Python 3.11 to 3.13 is needed: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	@touch $@
