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
# # 바닐라 순환 신경망은 왜 잊을까
#
# `maekrak`의 리뷰에서는 결론을 뒤집는 말과 뒤집히는 말이 수십 조각씩 떨어져 있곤 한다. LSTM은 그 둘을 잇는 법을 배운다.
# 바닐라 신경망은 거의 배우지 못한다 (학습시킨 뒤 `make compare`로 볼 수 있다). 바닐라 셀도 상태를 조각에서 조각으로
# 넘기니 못 할 까닭이 없어 보이는데, 왜 *배우지* 못하는 것일까?
#
# 신경망은 기울기(gradient)로 배운다. 오래전 상태를 조금 바꾸었을 때 끝의 손실에 아무 흔적도 남지 않는다면, 그 상태를
# 간직했어야 한다고 가중치에게 일러 줄 길이 없다. 그래서 이 노트북에서는 끝에서 출발한 기울기가 얼마나 되돌아오는지 재
# 본다.
#
# 1. 한 걸음 되돌아갈 때마다 기울기에는 무엇이 곱해질까?
# 2. 학습하기 전의 바닐라, LSTM, GRU에서 예순 걸음을 되돌아가면 기울기는 어떻게 될까?
# 3. 학습한 뒤에는 어떻게 달라질까?
# 4. 그래서 멀리 있는 것을 베껴 오는 문제를 셀마다 얼마나 멀리까지 풀까?
#
# 결과가 모두 교과서에서 짐작한 대로는 아니다. `make all`이 `artifacts/`에 남긴 모델을 읽는다. LSTM과 GRU의 게이트가 낯설다면
# [3장](03_lstm.py)을 먼저 읽어도 좋다.

# %%
import os
from pathlib import Path
from tempfile import TemporaryDirectory

os.chdir(next(folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "Makefile").is_file()))

from pipeline.support.environment import prepare_environment
from pipeline.support.silenced_stderr import silenced_stderr

prepare_environment()  # before the first import of Keras
with silenced_stderr():
    from pipeline.model.saving import load

import numpy as np
from IPython.display import Image

png = Path((folder := TemporaryDirectory()).name) / "figure.png"
data = Path(os.environ.get("ARTIFACTS", "artifacts")) / "maekrak"
model = load(data / "lstm" / "train")

# %% [markdown]
# ## 한 걸음 되돌아가기
#
# 바닐라 셀은 식 한 줄이다 (`pipeline/cells/vanilla.py`).
#
# $$h_t = \varphi(a_t), \qquad a_t = W x_t + b + U h_{t-1}$$
#
# 여기서 $\varphi$는 tanh이다. $h_{t-1}$을 살짝 건드리면 그 떨림은 먼저 $U$를 지나고, 이어서 유닛마다 도함수
# $\varphi'(a_t)$가 곱해진다. 행렬로 적으면 이렇다.
#
# $$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}\big(\varphi'(a_t)\big)\, U$$
#
# $d$ 걸음을 되돌아가면 이런 행렬 $d$개가 줄줄이 곱해진다.
#
# $$\frac{\partial h_T}{\partial h_{T-d}} = J_T \, J_{T-1} \cdots J_{T-d+1}, \qquad J_t = \mathrm{diag}\big(\varphi'(a_t)\big)\, U$$
#
# 어떤 벡터도 한 걸음에 (가장 큰 $\varphi'$) × ($U$의 가장 큰 특잇값) 배보다 더 커지지 못한다. tanh의 $\varphi'$은
# $1 - h^2$이라 커야 1이고, sigmoid는 커야 ¼, relu는 0 아니면 1이다. 한 걸음의 배율이 얼마든 결국 $d$제곱이 되는데,
# 거듭제곱에는 중간이 거의 없다.

# %%
for factor in [0.25, 0.5, 0.9, 0.99, 1.0, 1.1, 1.5]:
    print(f"{factor:4}", *(f"{factor**d:10.1e} after {d}" for d in (10, 30, 60)))
assert (round(0.9**60, 3), round(1.1**60, -2)) == (0.002, 300)

# %% [markdown]
# 예순 걸음이면 0.9는 0.002로 줄고 1.1은 300으로 불어난다. 1에 아주 가까운 배율만 살아남는다. 기울기가 0으로 사라지는
# 것을 *기울기 소실*, 한없이 커지는 것을 *기울기 폭발*이라고 한다 (Bengio et al. 1994, Pascanu et al. 2013).

# %% [markdown]
# 한 걸음의 배율 가운데 $\varphi'$의 몫을 그려 보자. 왼쪽은 도함수, 오른쪽은 $a$가 내내 같은 값일 때 tanh의 도함수를 $d$번
# 곱한 것이다.

# %%
from pipeline.support.figures import figure, line_colours, save

a = np.linspace(-4, 4, 161)
sigmoid = 1 / (1 + np.exp(-a))
slopes = {"tanh": 1 - np.tanh(a) ** 2, "sigmoid": sigmoid * (1 - sigmoid), "relu": (a > 0).astype(float)}
assert (slopes["tanh"].max(), slopes["sigmoid"].max()) == (1, 0.25) and slopes["tanh"].min() > 0

drawing = figure(10, 3.4)
left, right = drawing.subplots(1, 2)
for name, colour in line_colours(slopes).items():
    left.plot(a, slopes[name], color=colour, label=name)
left.set(title="φ'(a)", xlabel="a")
left.legend(frameon=False)
for value in (0.0, 0.25, 0.5, 1.0):
    right.plot((1 - np.tanh(value) ** 2) ** np.arange(61), label=f"a = {value:g}")
right.set(title="tanh'(a) × … × tanh'(a)", xlabel="d", yscale="log", ylim=(1e-12, 3))
right.yaxis.set_major_formatter("{x:g}")
right.legend(frameon=False)
save(drawing, png)

assert round((1 - np.tanh(0.25) ** 2) ** 60, 2) == 0.02
assert (1 - np.tanh(1.0) ** 2) ** 60 < 1e-12
Image(png, width=820)

# %% [markdown]
# tanh의 도함수는 0에서만 1이고 나머지에서는 0과 1 사이다. $a$가 0.25에 머물기만 해도 예순 걸음 뒤에는 2 %가 남고, 1에
# 머물면 그림 밖으로 떨어진다. 기울기를 지키려면 상태가 0 가까이 있어야 하는데, 0에 머무는 상태는 아무것도 말해 주지 않는다.

# %% [markdown]
# ## 재는 방법
#
# `gradient_flow(cell, inputs)`는 셀로 글을 한 걸음씩 읽은 다음, 마지막 상태 $h_T$와 길이가 1인 임의의 벡터를 곱한 것을
# $L$로 놓고, 거리 $d$마다 $|\partial L / \partial h_{T-d}|$를 구해 글 전체에서 평균한다. 임의의 벡터는 손실이 $h_T$에
# 무엇을 바라든 그것을 대신한다. $d = 0$에서는 늘 1이므로, 그 뒤로는 되돌아온 몫이라고 읽으면 된다. 이것을 *기울기
# 흐름*이라고 부르자.
#
# 먼저 손으로 풀 수 있는 경우로 확인한다. 활성화 함수는 relu이고 음수가 나올 일이 없으며 $U$는 단위행렬의 몇 배다.
# 그러면 한 걸음마다 꼭 그 배수만 곱해진다.

# %%
from pipeline.cells.vanilla import VanillaCell
from pipeline.report.gradient_flow import gradient_flow

for scale in [0.9, 1.1]:
    cell = VanillaCell(4, activation="relu")
    cell.build((None, 4))
    cell.set_weights([np.eye(4), scale * np.eye(4), np.zeros(4)])
    flow = gradient_flow(cell, np.ones((1, 61, 4)))
    print(f"scale {scale}: after 60 steps {flow[60]:.6f}, by hand {scale**60:.6f}")
    assert np.isclose(flow[60], scale**60, rtol=1e-4)

# %% [markdown]
# 이제 진짜 글을 쓴다. dev에서 가장 긴 리뷰들을 골라 길이가 같아지도록 끝부분만 남기고, 조각마다 학습된 LSTM이 지닌
# 벡터를 찾는다. 셀이 실제로 읽게 되는 입력이다.

# %%
from pipeline.report.gradient_flow import longest_reviews
from pipeline.text.reviews import read_reviews
from pipeline.text.tokenizer import Tokenizer

dev = read_reviews(data / "ingest", "dev")
ids = longest_reviews(Tokenizer(data / "tokenize"), dev.texts, reviews=32, max_length=80)
inputs = model.get_layer("embedding")(ids)
print(f"reviews, pieces, numbers a piece: {tuple(inputs.shape)}, standard deviation {np.std(inputs):.2f}")

# %% [markdown]
# ## 학습 전의 바닐라
#
# 셀 여섯 개를 학습을 시작할 때처럼 임의의 가중치로 초기화한다. $U$는 직교행렬이라서 벡터를 돌리기만 하고 길이는 바꾸지
# 않는다. 그 가운데 하나는 $U$를 줄이고, 하나는 키우고, 하나에는 더 큰 입력을 준다.

# %%
import keras

UNITS = 96


def fresh(cell, U=1.0, **biases):
    """The cell as training would start it, but U that many times as large, and with these biases on its gates."""
    keras.utils.set_random_seed(1)
    cell.build((None, inputs.shape[-1]))
    cell.recurrent_kernel.assign(U * cell.recurrent_kernel)
    for block, bias in biases.items():
        ours = np.repeat(np.array(cell.blocks) == block, cell.units)
        cell.bias.assign(np.where(ours, bias, cell.bias.numpy()))
    return cell


untrained = {
    "tanh": gradient_flow(fresh(VanillaCell(UNITS)), inputs),
    "tanh, U x 0.8": gradient_flow(fresh(VanillaCell(UNITS), U=0.8), inputs),
    "tanh, inputs x 10": gradient_flow(fresh(VanillaCell(UNITS)), 10 * inputs),
    "sigmoid": gradient_flow(fresh(VanillaCell(UNITS, activation="sigmoid")), inputs),
    "relu": gradient_flow(fresh(VanillaCell(UNITS, activation="relu")), inputs),
    "relu, U x 2": gradient_flow(fresh(VanillaCell(UNITS, activation="relu"), U=2.0), inputs),
}

# %% [markdown]
# 세로축은 로그 눈금이다. 곧게 내려가는 선은 걸음마다 같은 배율로 줄어든다는 뜻이다. 회색 선은 마지막 조각에서의 기울기
# 크기다.

# %%
from pipeline.report.gradient_flow import draw_gradient_flow

draw_gradient_flow(png, {"vanilla, untrained": untrained})
assert 0.01 < untrained["tanh"][60] < 0.2
assert max(untrained[name][60] for name in ("tanh, U x 0.8", "tanh, inputs x 10", "sigmoid", "relu")) < 1e-4
assert 0.6 < untrained["relu"][60] ** (1 / 60) < 0.8 and untrained["relu, U x 2"][60] > 1e3
Image(png, width=640)

# %% [markdown]
# 무엇이 보이는가?
#
# - **sigmoid**는 곤두박질친다. $\varphi'$이 커야 ¼이고 직교인 $U$는 보태는 것이 없으니, 스무 걸음이면 $0.25^{20}$으로
#   이미 그림 밖이다. 이것으로는 스무 조각 앞의 말에서 아무것도 배울 수 없다.
# - **tanh**는 뜻밖에도 완만하게 줄어, 예순 조각을 지나도 몇 퍼센트가 남는다! 셀이 잘나서가 아니다. $U$는 길이를 지키고,
#   입력이 작아 상태가 0 근처에 머무는데, 거기서는 tanh의 도함수가 1이다. 둘 중 하나만 없어도 사라진다. $U$를
#   **0.8배**로 줄이면 0.8이 $d$제곱되고, **입력을 열 배**로 키우면 상태가 tanh의 평평한 곳으로 밀려난다. 직교행렬로
#   시작하는 것부터가 바로 이 병을 고치려고 찾아낸 처방이다 (Saxe et al. 2014).
# - **relu**는 0보다 큰 쪽에 평평한 곳이 없다. 그러나 절반쯤 되는 유닛은 0 아래에 있고, 거기서는 아무것도 지나가지
#   못한다. 그래서 한 걸음에 $\sqrt{1/2}$쯤으로 줄어든다. $U$를 **두 배**로 키우면 $\sqrt 2$배가 되어 이번에는 폭발한다.
#
# 폭발에는 간단한 대책이 있다. 너무 긴 기울기를 잘라 내면 된다. `configs/base.yaml`의 `clip_norm`이 그 일을 한다. 그러나
# 사라진 기울기는 다시 키울 수 없다. 조금 남았더라도 끝에 가까운 조각들의 기울기에 묻혀 버린다.
#
# ## 학습 전의 게이트
#
# LSTM에는 기억을 따라 되돌아가는 둘째 길이 있고, GRU는 상태의 일부를 그대로 남긴다.
#
# $$c_t = f_t \, c_{t-1} + i_t \, g_t \qquad\qquad h_t = z_t \, h_{t-1} + (1 - z_t) \, g_t$$
#
# $c$를 따라가면 한 걸음의 배율은 그저 $f_t$이고, GRU에서는 $z_t$다. 유닛마다 곱하기 하나일 뿐, 행렬도 $\varphi'$도
# 없다. 게이트가 1에 가까우면 기울기가 그대로 지나간다. 그런데 게이트도 sigmoid라서, 배운 것이 없을 때 편향이 0이면 ½에
# 서 있다.

# %%
for bias in [0, 1, 3, 5]:
    gate = 1 / (1 + np.exp(-bias))
    print(f"bias {bias}: gate {gate:.3f}, after 60 steps {gate**60:.1e}")

# %% [markdown]
# 편향이 0인 LSTM은 조각을 하나 읽을 때마다 기억을 절반씩 잊으며 시작하는 셈이다. 그래서 망각 게이트의 편향은 흔히 1로
# 시작한다 (Gers et al. 2000, Jozefowicz et al. 2015). 여기서도, 케라스에서도 그렇다. 그것으로 충분할까?

# %%
from pipeline.cells.gru import GRUCell
from pipeline.cells.lstm import LSTMCell

gated = {
    "vanilla": untrained["tanh"],
    "lstm, forget bias 0": gradient_flow(fresh(LSTMCell(UNITS), forget=0.0), inputs),
    "lstm, forget bias 1": gradient_flow(fresh(LSTMCell(UNITS)), inputs),
    "lstm, forget bias 5": gradient_flow(fresh(LSTMCell(UNITS), forget=5.0), inputs),
    "gru, update bias 0": gradient_flow(fresh(GRUCell(UNITS)), inputs),
    "gru, update bias 5": gradient_flow(fresh(GRUCell(UNITS), update=5.0), inputs),
}
draw_gradient_flow(png, {"untrained": gated})
assert gated["gru, update bias 0"][60] ** (1 / 60) < 2 / 3
assert gated["gru, update bias 0"][60] < gated["lstm, forget bias 1"][60] < gated["vanilla"][60]
assert gated["lstm, forget bias 1"][60] > 100 * gated["lstm, forget bias 0"][60]
assert min(gated["lstm, forget bias 5"][60], gated["gru, update bias 5"][60]) > 0.1
Image(png, width=640)

# %% [markdown]
# 두 번째 뜻밖의 결과다. 학습하기 전에는 **게이트가 있는 셀도 기울기를 지키지 못한다.** GRU는 갱신 게이트가 ½이라
# 걸음마다 3분의 1 넘게 잃고(게이트에서 절반을 잃고 $U$를 거쳐 조금 돌아온다), 바닐라보다 훨씬 아래로 떨어진다. LSTM은 편향이 1이면 0일 때보다 몇 자릿수나 낫지만, 더디게
# 사라질 뿐 사라지기는 마찬가지다. 게이트가 주는 것은 저절로 지켜지는 기울기가 아니라 *돌릴 수 있는 손잡이*다. 편향을
# 5로 두면 둘 다 첫 조각까지 지켜 낸다.
#
# 두 가지를 더 눈여겨보자. LSTM의 선은 첫걸음에서 뚝 떨어졌다가 완만해진다. $h_{T-1}$에서 $c$로 들어가려면 먼저 게이트를
# 지나야 하는데, 거기서 대부분을 잃고 그다음부터는 기억을 따라 훨씬 덜 잃으며 간다. 그리고 편향이 5인 LSTM은 멀어질수록
# 오히려 올라간다. 기억에 남은 것을 그 뒤의 모든 걸음이 $U$를 거쳐 거듭 읽고, 그 길들이 모두 더해지기 때문이다.
#
# ## 학습한 뒤
#
# 이제 이 말뭉치로 학습한 셀을 본다. 왼쪽은 같은 종류의 새 셀, 오른쪽은 학습을 마친 셀이고, 둘 다 모델이 배운 벡터를
# 읽는다 (학습을 시작할 때의 벡터는 이보다 작다).
# LSTM은 언제나 있다. 나머지도 보려면 먼저 `make all CELL=gru`와 `make all CELL=vanilla`를 돌린다. `make explain`도 같은
# 그림을 그린다.

# %%
from pipeline.artifact.manifest import read_manifest
from pipeline.report.gradient_flow import trace_gradients

same = read_manifest(data / "lstm" / "train").inputs
folders = sorted(path.parent for path in data.glob("*/train/manifest.json"))
models = {folder.parent.name: load(folder) for folder in folders if read_manifest(folder).inputs == same}

flows = trace_gradients(models, ids)
for name in models:
    before, after = flows["untrained"][name][-1], flows["trained"][name][-1]
    print(f"{name:16} back at the first piece: untrained {before:.0e}, trained {after:.0e}")
draw_gradient_flow(png, flows)
assert flows["trained"]["lstm"][-1] > 100 * flows["untrained"]["lstm"][-1]
Image(png, width=960)

# %% [markdown]
# LSTM을 보자. 학습을 거치며 먼 쪽 끝이 몇 자릿수나 올라갔다. **지키는 법을 배운 것이다.** 처음부터 그랬던 것이 아니라,
# 학습이 돌릴 수 있는 손잡이가 있었던 것이다.
#
# 나머지 둘도 학습시켰다면 바닐라는 거꾸로 가는 것을 볼 수 있을 것이다. 학습 전에 가장 좋았던 바닐라는 되돌아오던 기울기를
# 거의 다 잃었다. 쓸모 있는 일을 하려면 상태가 커져야 하는데, 거기서는 tanh가 평평하기 때문이다. 처음에 좋아 보였던 것은 아직
# 아무 일도 하지 않는 신경망이었기 때문이다. 꼴찌로 시작한 GRU는 맨 위로 올라선다.
#
# 먼 쪽 끝에서는 바닐라와 LSTM이 비슷하게 나올 수도 있다. 그러면 둘은 아는 것도 비슷할까? `make compare`를 보면 그렇지 않다.
# 기울기가 닿는다는 것은 셀이 거기서 배울 *수 있다*는 뜻이지, 배웠다는 뜻이 아니다.
#
# ## 기억을 따라서일까, 에둘러서일까
#
# 그렇다면 망각 게이트가 1에 가깝고 기울기는 $c$를 따라 되돌아온다고 말하고 싶어진다. 정말 그런지 확인해 보자.
# $h_{T-d}$는 다음 걸음의 게이트를 거쳐야 기억에 들어가고, 그 뒤로 $c$만 따라가면 유닛마다 뒤따르는 망각 게이트 $d-1$개가
# 곱해진다. 이 길만 따로 재 보자. 같은 흐름을 재되, 그 뒤의 상태 가운데 $c$만 기울기를 넘기게 한다.

# %%
import tensorflow as tf

from pipeline.report.gates import first_layer
from pipeline.report.gradient_flow import random_directions

layer = first_layer(model)
traced = layer.trace(inputs)


def along_c(d):
    """The part of the flow over d steps that no later h has carried."""
    start = h = traced["h"][:, -d - 1]
    c = traced["c"][:, -d - 1]
    with tf.GradientTape() as tape:
        tape.watch(start)
        for x in tf.unstack(inputs[:, -d:], axis=1):
            _, (h, c) = layer.cell(x, [h if h is start else tf.stop_gradient(h), c])
        asked = tf.reduce_sum(h * random_directions(*h.shape))
    return np.linalg.norm(np.float64(tape.gradient(asked, start)), axis=1).mean()


flow = flows["trained"]["lstm"]
print("distance    flow  along c alone")
for d in [1, 5, 10, 20, 40, len(flow) - 1]:
    print(f"{d:8} {flow[d]:7.4f} {along_c(d):14.4f}")
assert np.isclose(along_c(1), flow[1], rtol=1e-3)
assert 0.25 < along_c(5) / flow[5] < 0.75 and along_c(20) < 0.3 * flow[20] and along_c(len(flow) - 1) < 0.05 * flow[-1]

# %% [markdown]
# 한 걸음에서는 둘이 같다. 그 뒤의 $h$가 없기 때문이다. 그러나 다섯 걸음이면 $c$를 따라온 것은 흐름의 절반쯤이고, 스무
# 걸음이면 작은 일부이며, 첫 조각에서는 거의 없다. 나머지는 $c$만 따라온 것이 **아니다.** 도중에 출력 게이트로 기억을
# 빠져나가 $U$와 게이트를 지나고, 다시 기억에 적혔다. 교과서에 나오는 컨베이어 벨트는 이야기의 작은 쪽이다. 큰 쪽은 셀
# 전체를 도는, 나르는 것을 줄이지 않도록 배운 고리다.

# %% [markdown]
# ## 멀리 있는 것을 베끼기
#
# 기울기가 닿지 않으면 배우지 못한다고 했다. 정말 그런지 시험해 보자. 잡음 사이 어딘가에 기호가 하나 있고, 끝까지 읽은 다음
# 그것이 넷 가운데 무엇이었는지 말해야 한다. 기호는 끝에서 $d$ 걸음 앞에 있고, $d$는 0부터 40까지 고르게 나온다. 아무렇게나
# 찍으면 25 %다. 네 셀을 똑같이 학습시키고, 거리마다 얼마나 맞히는지 그린다.

# %%
from pipeline.cells import make_cell
from pipeline.layers.recurrent import Recurrent

LENGTH, SYMBOLS = 41, 4


def copy_task(rows, seed):
    """One-hot sequences with a symbol d steps before the end, noise elsewhere: the sequences, their symbols, their d."""
    random = np.random.default_rng(seed)
    ids = random.integers(SYMBOLS, 2 * SYMBOLS, size=(rows, LENGTH))
    symbols, distances = random.integers(SYMBOLS, size=rows), random.integers(LENGTH, size=rows)
    ids[np.arange(rows), LENGTH - 1 - distances] = symbols
    return np.eye(2 * SYMBOLS, dtype="float32")[ids], symbols, distances


def learn_to_copy(name):
    """The share of symbols that a cell tells at each distance, after training."""
    keras.utils.set_random_seed(1)
    layers = [Recurrent(make_cell(name, 32, {})), keras.layers.Dense(SYMBOLS)]
    network = keras.Sequential([keras.Input((LENGTH, 2 * SYMBOLS)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(0.01, global_clipnorm=1.0), loss)
    sequences, symbols, _ = copy_task(6400, seed=1)
    network.fit(sequences, symbols, batch_size=64, epochs=3, verbose=0)
    sequences, symbols, distances = copy_task(8000, seed=2)
    right = network.predict(sequences, batch_size=1000, verbose=0).argmax(axis=1) == symbols
    return np.bincount(distances, right) / np.bincount(distances)


copied = {name: learn_to_copy(name) for name in ("vanilla", "lstm", "gru", "min_gru")}
drawing = figure(8, 3.6)
axes = drawing.subplots()
for name, colour in line_colours(copied).items():
    axes.plot(copied[name], color=colour, label=name)
axes.axhline(1 / SYMBOLS, color="#777777", linestyle=":", label="찍기 · guessing")
axes.set(
    xlabel="d, 끝에서 기호까지의 거리 · steps from the symbol to the end",
    ylabel="맞힌 비율 · share right",
    ylim=(0, 1.05),
)
axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
save(drawing, png)

print({name: f"{shares[20:].mean():.0%} at 20 steps and more" for name, shares in copied.items()})
assert all(copied[name][20:].mean() > 0.9 for name in ("lstm", "gru", "min_gru"))
assert copied["vanilla"][20:].mean() < 0.7
Image(png, width=720)

# %% [markdown]
# 게이트가 있는 셀은 마흔 걸음 떨어진 것도 베껴 온다 (세 선이 맨 위에 겹쳐 있다). 똑같이 오래, 똑같은 예로 배운 바닐라는 그러지 못한다. 놓친 것은
# 기억이 아니라 *배울 길*이다. 가중치를 손으로 잘 고르면 바닐라도 이 문제를 풀 수 있다. 기울기가 거기까지 데려다주지 못할
# 뿐이다.

# %% [markdown]
# ## 어디까지 믿을까
#
# - 그림은 리뷰들의 평균이다. 기울기는 리뷰마다 몇 자릿수씩 차이가 나므로 몇몇 리뷰가 평균을 좌우할 수 있다.
# - 여기서는 기울기가 마지막 조각에서만 출발한다. 실제 모델은 *모든* 상태에서 최댓값을 모으므로, 학습할 때는 조각마다
#   기울기가 조금씩 들어오고 갈 길도 그만큼 짧다.
# - 기울기에 보이지 않는다고 잊은 것은 아니다. 포화된 유닛은 작은 변화에 꿈쩍하지 않기에 예 또는 아니요를 아주 오래
#   간직할 수 있고, 바로 그래서 기울기가 사라진다. 기울기 흐름은 셀이 오래전 것을 얼마나 아는지가 아니라, 거기서 얼마나
#   *배울 수 있는지*를 말해 준다. `min_gru`도 학습시켜 보라. 첫 조각에서 되돌아오는 것은 거의 없는데, `make compare`에서는
#   바닐라보다 훨씬 위에 있다.
#
# ## 요약
#
# - 한 걸음 되돌아갈 때마다 기울기에 $\mathrm{diag}(\varphi')\,U$가 곱해진다. 배율이 1에 아주 가깝지 않으면 여러 걸음
#   뒤에는 사라지거나 폭발한다.
# - sigmoid에서는 학습을 시작할 때 쓰는 어떤 $U$로도 사라진다. tanh에서는 직교인 $U$와 작은 입력이 소실을 늦추어 주지만,
#   학습으로 상태가 커지기 전까지다. relu에서는 $U$가 크면 폭발하는데, 기울기를 자르면 된다.
# - 망각 게이트는 배울 수 있는 배율이다. 편향은 0보다 1로 시작하는 편이 낫지만 시작일 뿐이다. LSTM과 GRU는 학습한 뒤에야
#   기울기를 지킨다.
# - 그때에도 기억이 유일한 길은 아니다. 널리 알려진 그림이라도 옮기기 전에 재 본다.
#
# ## 연습 문제
#
# 1. $U$를 몇 배로 하면 relu에서 기울기가 사라지지도 폭발하지도 않을까? $\sqrt{1/2}$에서 짐작해 보고
#    `fresh(..., U=...)`로 찾아보라.
# 2. 학습하지 않은 tanh 셀에 `0.1 * inputs`와 `3 * inputs`를 넣어 보라. 흐름은 어떻게 달라지며, $1 - h^2$과 무슨 관계가
#    있는가?
# 3. `pipeline/cells/min_gru.py`의 게이트는 상태를 보지 않는다. 이 셀의 기울기 흐름은 무엇의 곱일까?
#    `gradient_flow`와 `MinGRUCell(1)`의 `coefficients`로 확인하라. 유닛이 하나면 임의의 벡터는 1 아니면 −1이다. (이 셀의
#    `update`는 *새것*의 몫이다.)
#
# <details>
# <summary>답</summary>
#
# 1. 한 걸음에 $\sqrt{1/2}$배가 되니 $\sqrt 2 \approx 1.41$배로 키우면 된다. 실제로 1.4배에서는 예순 걸음 뒤에도 100배 넘게
#    벗어나지 않는다.
# 2. 입력이 작을수록 많이 남는다. 상태가 0에 가까워 $1 - h^2$이 1에 가깝기 때문이다. 0.1배에서는 절반 넘게 남고, 3배에서는
#    1 %도 남지 않는다.
# 3. $h_t = (1 - z_t) h_{t-1} + z_t g_t$에서 $z$와 $g$가 상태를 보지 않으므로, 흐름은 뒤따르는 $1 - z$를 모두 곱한 것이다.
#    `coefficients`가 주는 첫째 값이 $1 - z$다. 확인하는 코드는 맨 아래 칸에 있다.
#
# </details>
#
# ## 출처
#
# - Bengio, Simard & Frasconi 1994, *Learning long-term dependencies with gradient descent is difficult*, IEEE Transactions on
#   Neural Networks 5.
# - Pascanu, Mikolov & Bengio 2013, *On the difficulty of training recurrent neural networks*, 2절은 야코비안의 곱, 3절은
#   기울기 자르기.
# - Hochreiter & Schmidhuber 1997, *Long short-term memory*. 멀리 떨어진 기호를 기억하는 문제의 본보기는 5절.
# - Gers et al. 2000, Jozefowicz et al. 2015: 망각 게이트의 편향. Saxe et al. 2014: 직교행렬로 시작하기.

# %%
# 답에 나온 수를 확인한다 · The numbers of the answers, checked
from pipeline.cells.min_gru import MinGRUCell

assert 0.01 < gradient_flow(fresh(VanillaCell(UNITS, activation="relu"), U=1.4), inputs)[60] < 100
assert gradient_flow(fresh(VanillaCell(UNITS)), 0.1 * inputs)[60] > 0.5
assert gradient_flow(fresh(VanillaCell(UNITS)), 3 * inputs)[60] < 0.01

single = MinGRUCell(1)
single.build((None, inputs.shape[-1]))
kept, _, _ = single.coefficients(single.project(inputs[0]))
flow_by_hand = np.cumprod(kept.numpy()[::-1, 0])
assert np.allclose(gradient_flow(single, inputs[:1])[1:], flow_by_hand[:-1], rtol=1e-3)
