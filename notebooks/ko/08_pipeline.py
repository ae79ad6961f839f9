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
# # 노트북에서 파이프라인으로
#
# 여기까지 셀을 하나씩 들여다보았다. 이제 눈을 들어 전체를 보자. 데이터에서 서비스까지 가는 길에는 단계가 일곱 있고, `make`가
# 그것들을 잇는다. 노트북에서 한 일을 왜 파이프라인으로 옮길까? 노트북의 칸은 순서를 바꾸어 돌릴 수도 있고, 어제의 값이 남아
# 있을 수도 있다. 파이프라인은 **무엇으로 무엇을 만들었는지**를 늘 안다.
#
# 이 장에서는 다음을 해 본다.
#
# 1. 단계들의 그래프를 매니페스트에서 읽어 그린다.
# 2. 값을 하나 바꾸면 무엇이 다시 도는지 묻는다.
# 3. MLflow에 쌓인 실행을 견준다.
# 4. 내보낸 모델을 HTTP로 부른다.
# 5. 내 데이터와 내 셀을 꽂는 자리를 본다.

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
# ## 단계와 매니페스트
#
# 단계마다 폴더 하나가 결과물이고, `manifest.json`이 그것을 봉인한다. 거기에는 설정, 입력의 해시, 코드의 해시, 라이브러리의 판,
# 결과물의 해시, 지표가 적혀 있다. 매니페스트의 `inputs`를 따라가면 그래프가 나온다.

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
# 상자마다 걸린 시간과, 결과물을 모두 합친 해시의 첫머리가 있다. 칸의 끝에서 확인한 것은 이렇다. **단계마다 적어 둔 입력의 해시가,
# 지금 그 폴더에 있는 것의 해시와 같다.** 그러니 이 평가는 틀림없이 이 모델을 잰 것이고, 이 모델은 틀림없이 이 글로 배운 것이다.
#
# ## 값을 하나 바꾸면
#
# 값은 모두 `configs/`의 YAML에 있다. `base.yaml`에 데이터, 셀, 프리셋의 것을 차례로 덮고(오버레이, overlay), 마지막으로 `SET`을 덮는다. 덮은
# 결과를 코드에서 들여다본다.

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
# `make train SET="train.epochs=3"`이 하는 일이 이것이다. 이름을 잘못 적으면 한 줄로 알려 준다. 그러면 무엇이 다시 돌까?
# `make why`는 아무것도 돌리지 않고 까닭만 말한다. (`make`가 부르는 명령을 그대로 부른다.)


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
# 바꾼 단계와 그것을 읽는 단계만 다시 돈다. 조각의 수를 바꾸면 그 뒤가 모두 돌고, 내보내는 값만 바꾸면 학습은 그대로 둔다.
# 코드를 고쳐도 같다. 주석이나 설명을 고친 것은 코드를 고친 것으로 치지 않는다.
#
# ## MLflow에서 견주기
#
# 단계가 돌 때마다 값, 곡선, 지표, 그림이 `artifacts/mlflow/`에 쌓인다. `make ui`로 브라우저에서 보고, `make compare`로 터미널에서
# 본다. 여기서는 같은 함수를 부른다.

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
# 처음에는 막대가 하나뿐이다. `make all CELL=gru`나 `make all SET="train.seed=2"`를 돌릴 때마다 하나씩 는다. 이 그림에 있는 수와
# 매니페스트에 있는 수는 같다.
#
# ## 내보낸 모델
#
# `export`가 남긴 SavedModel은 글을 그대로 받는다. 토크나이저까지 그래프에 들어 있어, 이 프로젝트 없이 TensorFlow와 TensorFlow
# Text만 있으면 돈다. Keras 모델과 같은 답을 내는지 본다.

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
# ## 서비스에 말 걸기
#
# `make serve`를 켜고, `make`가 부르는 명령을 여기서 부른다. TensorFlow Serving과 같은 말을 쓰므로 나중에 그것으로 바꾸어도
# 부르는 쪽은 그대로다. 터미널이라면 이렇게 묻는다.
#
# ```sh
# curl http://127.0.0.1:8501/v1/models/maekrak:predict -d '{"instances": ["배우들 연기가 진짜 죽인다!", "두 시간 동안 시간만 죽인다!"]}'
# ```
#
# 같은 것을 파이썬으로 묻는다.

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
# 같은 확률이 나왔고, 글이 아닌 것은 400으로 돌려보냈다. `make demo`를 돌려 브라우저로 열면 한 조각씩 읽는 모습까지 보여 주는
# 페이지가 있다.
#
# ## 내 셀
#
# 셀은 한 걸음이다. 식 한 줄이면 된다. 아주 천천히 바뀌는 상태를 가진 셀을 만들어 보자. 노트북에서 되는 것을 보고 나면 파일로
# 옮긴다.

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
# 층이 셀을 돌리고, 손으로 계산한 것과 같다. 이것을 `pipeline/cells/leaky.py`에 적고 `configs/cell/leaky.yaml`에
# `train: {cell: leaky}` 한 줄을 적으면 `make all CELL=leaky`가 된다. 비교도, 보고서도, 내보내기도 저절로 따라온다. 테스트까지 적는
# 법은 [내 셀](../../pipeline/README.ko.md#내-셀)에 있다. 내 데이터도 TFDS 빌더 하나와 설정 한 줄이면 된다.
# [내 데이터 세트](../../pipeline/README.ko.md#내-데이터-세트)를 보라.
#
# ## 요약
#
# - 단계는 설정과 입력 폴더만 보고 결과 폴더를 만든다. 매니페스트가 무엇으로 무엇을 만들었는지 적어 봉인한다.
# - 값이나 코드를 바꾸면 그 단계와 그것을 읽는 단계만 다시 돈다. `make why`가 까닭을 말해 준다.
# - 실행은 MLflow에 쌓이고 `make compare`로 견준다.
# - 내보낸 모델은 글을 그대로 받으며, HTTP 서비스는 TensorFlow Serving의 말을 쓴다.
# - 셀은 파일 하나와 설정 한 줄, 데이터 세트는 빌더 하나와 설정 한 줄이다.
#
# ## 연습 문제
#
# 1. `why("ingest.dev_fraction=0.1")`은 어느 단계들을 다시 돌리는가? 먼저 그래프를 보고 짐작하라.
# 2. `explain.text`를 바꾸면 학습이 다시 도는가? 내보내기는? `why`로 확인하라.
# 3. `LeakyCell`의 0.9를 배우는 값으로 바꾸면 이 과정에서 배운 어느 셀과 닮는가? 무엇이 다른가?
#
# <details>
# <summary>답</summary>
#
# 1. 일곱 단계 모두다. 모두가 곧바로 또는 거쳐서 `ingest`를 읽는다.
# 2. 학습도 내보내기도 그대로다. `explain`만 다시 돈다. 아무도 `explain`을 읽지 않기 때문이다.
# 3. GRU와 닮는다. $h_t = z_t h_{t-1} + (1 - z_t) g_t$에서 $z$를 조각을 보고 정하지 않고 유닛마다 하나로 정해 둔 것이다. 조각을 보고
#    간직할지 잊을지 고르지 못한다는 점이 다르다.
#
# </details>
#
# ## 출처
#
# - 이 장의 모든 약속은 [파이프라인의 방](../../pipeline/README.ko.md)과 [서빙](../../pipeline/serving/README.ko.md)에 적혀 있다.
# - Baylor et al. 2017, *TFX: a TensorFlow-based production-scale machine learning platform*, KDD. 단계와 결과물로 나눈 파이프라인.
# - Sculley et al. 2015, *Hidden technical debt in machine learning systems*, NeurIPS. 노트북의 코드가 왜 빚이 되는가.

# %%
# 답에 나온 것을 확인한다 · What the answers say, checked
assert "up to date" not in why("ingest.dev_fraction=0.1").values()
assert [stage for stage, reason in why("explain.text=죽인다").items() if reason != "up to date"] == ["explain"]
