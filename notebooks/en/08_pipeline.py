# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From notebook to pipeline
#
# So far we have looked into cells one by one. Now look up, at the whole. From data to a service there are seven stages, joined by
# `make`. Why move what we did in a notebook to a pipeline? Cells of a notebook can be run in any order, and may hold the values of
# yesterday. A pipeline always knows **what was made of what**.
#
# In this chapter you will
#
# 1. read the graph of the stages from their manifests, and draw it,
# 2. ask what would run again if you changed one value,
# 3. compare the runs that MLflow has kept,
# 4. call the exported model over HTTP,
# 5. see where data and a cell of your own plug in.

# %%
import os
from pathlib import Path
from tempfile import TemporaryDirectory

os.chdir(next(folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "Makefile").is_file()))

from pipeline.support.environment import prepare_environment
from pipeline.support.silenced_stderr import silenced_stderr

prepare_environment()  # before the first import of Keras
with silenced_stderr():
    from pipeline.model.inference import predict_proba
    from pipeline.model.saving import load
    from pipeline.text.tokenizer import Tokenizer

import subprocess
import sys
import warnings

import numpy as np
from IPython.display import Image

from pipeline.artifact.manifest import read_manifest
from pipeline.config.names import DATA_STAGES, STAGES
from pipeline.support.figures import NEUTRAL, POSITIVE, figure, save

png = Path((folder := TemporaryDirectory()).name) / "figure.png"
artifacts = Path(os.environ.get("ARTIFACTS", "artifacts"))
data = artifacts / "maekrak"

# %% [markdown]
# ## Stages and manifests
#
# Each stage leaves a folder, sealed by its `manifest.json`. In it stand the configuration, the hashes of the inputs and of the
# code, the versions of libraries, the hashes of what was made, and the metrics. Follow the `inputs` of the manifests, and you have
# the graph.

# %%
folders = {stage: data / stage if stage in DATA_STAGES else data / "lstm" / stage for stage in STAGES}
manifests = {stage: read_manifest(folder) for stage, folder in folders.items()}

drawing = figure(11, 3.4)
axes = drawing.subplots()
for place, (stage, manifest) in enumerate(manifests.items()):
    label = f"{stage}\n{manifest.seconds:.0f} s\n{manifest.digest[:6]}"
    axes.text(place, 0, label, ha="center", va="center", bbox={"boxstyle": "round", "fc": "#d1e5f0", "ec": NEUTRAL})
    for source in manifest.inputs:
        start = STAGES.index(source)
        if source in manifests:
            arrow = {
                "arrowstyle": "->",
                "color": NEUTRAL,
                "connectionstyle": "arc3,rad=-0.45",
                "shrinkA": 26,
                "shrinkB": 26,
            }
            axes.annotate("", (place, 0.06), (start, 0.06), arrowprops=arrow)
axes.set(xlim=(-0.6, 6.6), ylim=(-0.6, 2.2))
axes.axis("off")
save(drawing, png)

for stage, manifest in manifests.items():
    for source, digest in manifest.inputs.items():
        assert digest == manifests[source].digest, (stage, source)
Image(png, width=900)

# %% [markdown]
# Each box has the time it took and the beginning of one hash of all that it made. What the end of the cell has checked is this: **the
# hash that each stage has noted of its inputs is that of what stands in those folders now.** So this evaluation has measured this
# very model, and this model has learnt from these very texts.
#
# ## Change one value
#
# All values are in YAML, in `configs/`. On `base.yaml` those of the data, the cell and the preset are laid in turn (overlays), and `SET` on top.
# Here is what comes out.

# %%
from pipeline.config.overlays import load_config
from pipeline.support.errors import UserError

plain, changed = load_config("maekrak", "lstm"), load_config("maekrak", "lstm", "train.epochs=3")
for key, value in changed.train.model_dump().items():
    if plain.train.model_dump()[key] != value:
        print(f"train.{key}: {plain.train.model_dump()[key]} -> {value}")

try:
    load_config("maekrak", "lstm", "train.epoch=3")
except UserError as error:
    print("error:", error)
    assert "epoch" in str(error)

# %% [markdown]
# This is what `make train SET="train.epochs=3"` does, and a name that is spelt wrong gives one line. What would run again?
# `make why` says so, without running anything. (We call the command that `make` calls.)


# %%
def why(overrides):
    """What each stage says, by its name."""
    selection = ["--artifacts", str(artifacts), "--data", "maekrak", "--cell", "lstm", "--preset", ""]
    command = [sys.executable, "-m", "pipeline", "why", *selection, "--set", overrides]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return dict(line.split(": ", 1) for line in lines)


asked = {
    one: why(one)
    for one in ("tokenize.vocab_size=2000", "train.epochs=3", "evaluate.calibration_bins=10", "export.tolerance=0.0001")
}
drawing = figure(9, 2.6)
axes = drawing.subplots()
again = np.array([[reason != "up to date" for reason in said.values()] for said in asked.values()])
axes.imshow(again, cmap="Blues", vmin=0, vmax=1.5, aspect="auto")
for row, column in np.argwhere(again):
    axes.text(column, row, "다시 · again", ha="center", va="center", fontsize=9)
axes.set_xticks(range(len(STAGES)), STAGES)
axes.set_yticks(range(len(asked)), list(asked))
save(drawing, png)

for change, stage in {
    "tokenize.vocab_size=2000": "tokenize",
    "train.epochs=3": "train",
    "export.tolerance=0.0001": "export",
}.items():
    print(f"{change}: {asked[change][stage]}")
    assert next(name for name, reason in asked[change].items() if reason != "up to date") == stage
assert asked["train.epochs=3"]["tokenize"] == "up to date" != asked["train.epochs=3"]["evaluate"]
Image(png, width=760)

# %% [markdown]
# Only the stage that was changed, and those that read it, run again. Another number of pieces reruns all that follows; a value of the
# export leaves the training as it is. The same goes for code; and a change of comments or docstrings is not a change of code.
#
# ## Compare in MLflow
#
# As stages run, their values, curves, metrics and figures gather in `artifacts/mlflow/`. `make ui` shows them in a browser,
# `make compare` in a terminal. Here we call the same functions.

# %%
warnings.filterwarnings("ignore", message="IProgress")  # MLflow would draw a bar in notebooks
with silenced_stderr():
    from pipeline.compare import columns
    from pipeline.tracking.history import model_runs

    runs = [run for run in model_runs(artifacts, "maekrak") if "test_accuracy" in run.metrics]
drawing = figure(8, 1.2 + 0.5 * len(runs))
axes = drawing.subplots()
names = [f"{run.name}, {run.started}" for run in runs][::-1]
axes.barh(names, [run.metrics["test_accuracy"] for run in runs][::-1], color=POSITIVE, height=0.5)
axes.axvline(runs[0].metrics["baseline_test_accuracy"], color=NEUTRAL, linestyle="--", label="베이스라인 · baseline")
axes.set(xlim=(0, 1), xlabel="test_accuracy")
axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
save(drawing, png)
print("make compare:", ", ".join(columns()))
assert any(run.metrics["test_accuracy"] == manifests["evaluate"].metrics["test_accuracy"] for run in runs)
Image(png, width=640)

# %% [markdown]
# At first there is one bar. Each `make all CELL=gru`, or `make all SET="train.seed=2"`, adds another. The numbers here and those of the
# manifests are the same.
#
# ## The exported model
#
# The SavedModel that `export` has left takes texts as they are. The tokenizer is in its graph, so it needs TensorFlow and TensorFlow
# Text, and nothing of this project. Does it answer as the Keras model does?

# %%
import tensorflow as tf

texts = ["배우들 연기가 진짜 죽인다!", "두 시간 동안 시간만 죽인다!"]
(version,) = (folders["export"] / "saved_model").iterdir()
exported = tf.saved_model.load(str(version)).signatures["serving_default"]
answers = exported(text=tf.constant(texts))["positive"].numpy()

by_keras = predict_proba(load(folders["train"]), Tokenizer(folders["tokenize"]).encode(texts))
print(answers, by_keras)
assert np.abs(answers - by_keras).max() < 1e-5
assert answers[0] > 0.9 and answers[1] < 0.1

# %% [markdown]
# ## Talk to the service
#
# We start what `make serve` starts. It speaks as TensorFlow Serving does, so whoever calls it won't notice if you change to that
# later. In a terminal you would ask:
#
# ```sh
# curl http://127.0.0.1:8501/v1/models/maekrak:predict -d '{"instances": ["배우들 연기가 진짜 죽인다!", "두 시간 동안 시간만 죽인다!"]}'
# ```
#
# Here is the same in Python.

# %%
import json
import socket
import time
import urllib.error
import urllib.request

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
selection = ["--artifacts", str(artifacts), "--data", "maekrak", "--cell", "lstm", "--preset", ""]
command = [sys.executable, "-m", "pipeline", "serve", *selection, "--host", "127.0.0.1", "--port", str(port)]
server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ask(path, body=None):
    """The status and the answer of the service; no body is a GET."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", body and json.dumps(body).encode()) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def is_ready():
    """Whether the service answers, and has loaded its model."""
    try:
        return ask("/readyz")[0] == 200
    except urllib.error.URLError:
        return False


try:
    while not is_ready():
        assert server.poll() is None, "the service has ended"
        time.sleep(0.2)
    status, answer = ask("/v1/models/maekrak:predict", {"instances": texts})
    refused, message = ask("/v1/models/maekrak:predict", {"instances": [5]})
finally:
    server.terminate()
    server.wait()
print(status, answer)
print(refused, message)
assert status == 200 and np.abs(np.array(json.loads(answer)["predictions"]) - answers).max() < 1e-5
assert refused == 400

# %% [markdown]
# The probabilities are the same, and what is no text was refused with 400. `make demo`, opened in a browser, has a page that also shows how
# the model reads, piece by piece.
#
# ## A cell of your own
#
# A cell is one step: one equation will do. Here is one with a state that changes slowly. Once it works in a notebook, it moves to a
# file.

# %%
from keras import ops

from pipeline.layers.cell import Cell
from pipeline.layers.recurrent import Recurrent


class LeakyCell(Cell):
    """h_t = 0.9 h_{t-1} + 0.1 tanh(W x_t + b + U h_{t-1})"""

    def step(self, x, states, U):  # x is W x_t + b
        (h,) = states
        return [0.9 * h + 0.1 * ops.tanh(x + U(h))], {}


leaky = LeakyCell(4)
inputs = np.random.default_rng(1).normal(size=(1, 30, 3)).astype("float32")
read = Recurrent(leaky, return_sequences=True)(inputs).numpy()[0]

W, U, b = leaky.get_weights()
h = np.zeros(4)
for x, output in zip(inputs[0], read, strict=True):
    h = 0.9 * h + 0.1 * np.tanh(x @ W + b + h @ U)
    assert np.allclose(h, output, atol=1e-5)

drawing = figure(7, 2.6)
axes = drawing.subplots()
axes.plot(read)
axes.set(xlabel="걸음 · step", ylabel="h")
save(drawing, png)
Image(png, width=560)

# %% [markdown]
# The layer runs the cell, and the numbers are those done by hand. Written to `pipeline/cells/leaky.py`, with one line
# `train: {cell: leaky}` in `configs/cell/leaky.yaml`, it is `make all CELL=leaky`, and comparison, report and export come by themselves.
# [Your own cell](../../pipeline/README.md#your-own-cell) has it all, with its test. Data of your own takes a TFDS builder and one line of
# configuration: see [Your own data set](../../pipeline/README.md#your-own-data-set).
#
# ## Summary
#
# - A stage makes its folder from its configuration and its input folders alone. A manifest seals what was made of what.
# - Change a value or code, and only that stage and those that read it run again. `make why` says why.
# - Runs gather in MLflow, and `make compare` compares them.
# - The exported model takes texts as they are, and the HTTP service speaks as TensorFlow Serving does.
# - A cell is one file and one line of configuration; a data set is one builder and one line.
#
# ## Exercises
#
# 1. Which stages does `why("ingest.dev_fraction=0.1")` run again? Guess first, from the graph.
# 2. Does a change of `explain.text` train again? Does it export again? Check with `why`.
# 3. If the 0.9 of `LeakyCell` were learnt, which cell of this course would it be like? What would still be different?
#
# <details>
# <summary>Answers</summary>
#
# 1. All seven. Each reads `ingest`, directly or through others.
# 2. Neither. Only `explain` runs again, since nothing reads it.
# 3. The GRU: $h_t = z_t h_{t-1} + (1 - z_t) g_t$, with one fixed $z$ for each unit in place of one that looks at the piece. It can't choose,
#    piece by piece, what to keep and what to forget.
#
# </details>
#
# ## Sources
#
# - All that this chapter relies on is set down in [the room of the pipeline](../../pipeline/README.md) and in
#   [serving](../../pipeline/serving/README.md).
# - Baylor et al. 2017, *TFX: a TensorFlow-based production-scale machine learning platform*, KDD: a pipeline of stages and artifacts.
# - Sculley et al. 2015, *Hidden technical debt in machine learning systems*, NeurIPS: why code of a notebook becomes debt.

# %%
# 답에 나온 것을 확인한다 · What the answers say, checked
assert "up to date" not in why("ingest.dev_fraction=0.1").values()
assert [stage for stage, reason in why("explain.text=죽인다").items() if reason != "up to date"] == ["explain"]
