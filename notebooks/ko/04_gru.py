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
# # GRU와 그 친척들
#
# LSTM은 식이 여섯 줄, 상태가 둘이다. 더 적은 것으로 같은 일을 할 수 없을까? GRU(gated recurrent unit)는 상태를 하나로
# 줄이고 게이트를 둘만 둔다. 그 뒤로 나온 셀들도 저마다 무언가를 빼거나 보탰다. 패키지에는 여덟 가지가 있다. 파일을 열어
# 보면 머리에 식이 적혀 있다 (`pipeline/cells/`).
#
# 이 장에서는 셀마다 세 가지를 묻는다. **무엇을 뺐는가, 무엇을 치르는가, 무엇이 달라지는가.** 끝에서는 여덟 셀에게 같은
# 문제를 주고 걸린 시간과 정확도를 한 그림에 그린다.

# %%
import os
from pathlib import Path
from tempfile import TemporaryDirectory

os.chdir(next(folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "Makefile").is_file()))

from pipeline.support.environment import prepare_environment
from pipeline.support.silenced_stderr import silenced_stderr

prepare_environment()  # before the first import of Keras
with silenced_stderr():
    import keras

import numpy as np
from IPython.display import Image

from pipeline.cells import make_cell
from pipeline.support.figures import NEUTRAL, POSITIVE, figure, line_colours, save

png = Path((folder := TemporaryDirectory()).name) / "figure.png"
CELLS = ["vanilla", "gru", "lstm", "peephole", "coupled", "layer_norm_lstm", "min_gru", "min_lstm"]


def built(name, units=96, **options):
    """A cell with the first weights of seed 1, for inputs as wide as its state."""
    keras.utils.set_random_seed(1)
    cell = make_cell(name, units, options)
    cell.build((None, units))
    return cell


random = np.random.default_rng(1)
x, h, c = (random.normal(scale=0.5, size=(1, 96)).astype("float32") for _ in range(3))

# %% [markdown]
# ## GRU가 뺀 것
#
# $$z_t = \sigma(W_z x_t + b_z + U_z h_{t-1}) \qquad r_t = \sigma(W_r x_t + b_r + U_r h_{t-1})$$
# $$g_t = \tanh(W_g x_t + b_g + r_t \odot (U_g h_{t-1}))$$
# $$h_t = z_t \odot h_{t-1} + (1 - z_t) \odot g_t$$
#
# - 상태가 하나다. 간직하는 것과 내보이는 것이 같으니 출력 게이트가 없다.
# - 망각과 입력을 **갱신 게이트 $z$** 하나가 맡는다. 남긴 만큼 덜 적는다. $z = 1$이면 그대로 간직한다.
# - **리셋 게이트** $r$는 후보가 지난 상태를 얼마나 볼지 정한다.
#
# (논문과 책에 따라 $z$와 $1 - z$의 자리가 서로 바뀌어 있다. 여기서는 케라스를 따른다.) 편향으로 $z$를 1 가까이 밀면 정말
# 그대로 간직하는지 본다.

# %%
gru = built("gru")
gru.bias.assign(np.where(np.repeat(np.array(gru.blocks) == "update", 96), 20.0, gru.bias.numpy()))
kept, _ = gru(x, [h])
assert np.allclose(kept, h, atol=1e-6)
print("largest change of h with z = 1:", float(np.abs(kept - h).max()))

# %% [markdown]
# ## 리셋은 앞에서, 뒤에서
#
# 원래 논문(Cho et al. 2014)은 상태에 먼저 $r$를 곱하고 $U_g$를 곱한다. cuDNN과 케라스는 $U_g$를 먼저 곱하고 $r$를 나중에
# 곱한다. 뒤의 것은 $U_z, U_r, U_g$의 곱을 한 번에 할 수 있어 빠르다. 둘은 같은 셀일까?

# %%
after, before = built("gru", reset_after=True), built("gru", reset_after=False)
before.set_weights(after.get_weights())
differ = np.abs(after(x, [h])[0] - before(x, [h])[0])
print(f"reset after and before differ by up to {differ.max():.3f}")
assert differ.max() > 0.01

open_reset = np.where(np.repeat(np.array(after.blocks) == "reset", 96), 20.0, 0.0)
for cell in (after, before):
    cell.bias.assign(open_reset)
assert np.allclose(after(x, [h])[0], before(x, [h])[0], atol=1e-5)

# %% [markdown]
# 같은 가중치로도 다른 상태를 낸다. 그러니 한쪽으로 학습한 가중치를 다른 쪽에 옮기면 안 된다. $r = 1$로 열어 두면 둘은
# 같아진다 (마지막 줄이 확인한다). 능력의 차이는 거의 없고, 빠른 쪽을 기본값으로 둔다.
#
# ## LSTM을 조금씩 고친 셋
#
# - **엿보기 구멍**(`peephole`)은 게이트가 $h$만이 아니라 $c$도 보게 한다. 유닛마다 수 셋을 보탠다. 그 셋이 0이면 LSTM이다.
# - **짝지은 게이트**(`coupled`)는 입력 게이트를 빼고 $i = 1 - f$로 놓는다. 잊은 자리에만 적는다.
# - **층 정규화**(`layer_norm_lstm`)는 $W x$와 $U h$를 저마다 평균 0, 분산 1로 맞춘다. 입력이 아무리 커져도 게이트가 보는 크기는 같다.
#
# 말로만 믿지 말고 하나씩 확인한다.

# %%
from pipeline.layers.recurrent import Recurrent

lstm, peephole = built("lstm"), built("peephole")
*_, peepholes = peephole.get_weights()
peephole.set_weights([*lstm.get_weights(), np.zeros_like(peepholes)])
assert np.allclose(peephole(x, [h, c])[0], lstm(x, [h, c])[0], atol=1e-6)

coupled = Recurrent(built("coupled")).trace(x[:, None], initial_state=[h, c])
f, g = coupled["forget"], coupled["candidate"]
assert np.allclose(coupled["c"][:, 0], f[:, 0] * c + (1 - f[:, 0]) * g[:, 0], atol=1e-6)

drawing = figure(7, 2.8)
axes = drawing.subplots()
scales = [1, 3, 10, 30, 100]
for name, colour in line_colours(["lstm", "layer_norm_lstm"]).items():
    layer = Recurrent(built(name))
    gates = [layer.trace(scale * x[:, None], initial_state=[h, c])["input"].numpy() for scale in scales]
    shut_or_open = [float(((gate < 0.02) | (gate > 0.98)).mean()) for gate in gates]
    axes.plot(scales, shut_or_open, color=colour, marker="o", label=name)
    print(name, [f"{share:.0%}" for share in shut_or_open])
    assert (shut_or_open[-1] > 0.8) if name == "lstm" else (shut_or_open[-1] < 0.2)
axes.set(
    xscale="log",
    xlabel="입력의 배율 · scale of the input",
    ylabel="포화된 게이트 · saturated gates",
    ylim=(-0.05, 1.05),
)
axes.xaxis.set_major_formatter("{x:g}")
axes.legend(frameon=False)
save(drawing, png)
Image(png, width=560)

# %% [markdown]
# 0.02보다 작거나 0.98보다 큰 게이트를 *포화되었다*고 했다. 입력을 100배로 키우면 LSTM의 입력 게이트는 거의 다 포화되어 더는
# 기울기를 넘기지 못한다. 층 정규화를 하면 꿈쩍하지 않는다. 그 대신 걸음마다 평균과 분산을 구하느라 느리다.
#
# ## 상태를 보지 않는 게이트
#
# `min_gru`와 `min_lstm`은 훨씬 많이 뺐다. 게이트와 후보가 $h_{t-1}$을 아예 보지 않는다.
#
# $$z_t = \sigma(W_z x_t + b_z), \qquad g_t = W_g x_t + b_g, \qquad h_t = (1 - z_t) \odot h_{t-1} + z_t \odot g_t$$
#
# 잃는 것은 분명하다. 앞 장에서 "죽인다"의 게이트를 움직이던 $U h_{t-1}$이 없다. 게이트는 지금 읽는 조각만 보고 정한다. 얻는
# 것은 속도다. $h_t = a_t h_{t-1} + b_t$에서 모든 $a_t$와 $b_t$를 읽기 전에 알 수 있으니, 걸음을 하나씩 걷지 않고 *병렬
# 스캔*으로 한꺼번에 구한다 (`pipeline/layers/scan.py`). 걸음마다 걸은 것과 같은 값인지 확인한다.

# %%
min_gru = built("min_gru")
sequence = random.normal(size=(1, 200, 96)).astype("float32")
scanned = Recurrent(min_gru, return_sequences=True)(sequence).numpy()[0]

states, walked = min_gru.get_initial_state(1), []
for t in range(200):
    output, states = min_gru(sequence[:, t], states)
    walked.append(output.numpy()[0])
print(f"scan and steps differ by up to {np.abs(scanned - walked).max():.1e}")
assert np.allclose(scanned, walked, atol=1e-4)

# %% [markdown]
# ## 무엇을 치르는가
#
# 가중치의 수부터 견준다. 유닛도 입력도 96개일 때다.

# %%
weights = {name: built(name).count_params() for name in CELLS}
drawing = figure(8, 3)
axes = drawing.subplots()
bars = axes.barh(list(weights)[::-1], list(weights.values())[::-1], color=POSITIVE)
axes.bar_label(bars, fmt="{:,.0f}", padding=4)
axes.set(xlim=(0, 95_000), xlabel="가중치 · weights")
save(drawing, png)

block = 96 * 96
assert weights["vanilla"] == 2 * block + 96 and weights["lstm"] == 4 * weights["vanilla"]
assert weights["coupled"] == 3 * weights["vanilla"] and weights["peephole"] == weights["lstm"] + 3 * 96
assert weights["min_gru"] == 2 * (block + 96) and weights["min_lstm"] == 3 * (block + 96)
Image(png, width=640)

# %% [markdown]
# 덩어리(block)를 세면 외울 필요가 없다. 바닐라는 한 덩어리, GRU와 `coupled`는 셋, LSTM은 넷이다. `min_gru`는 둘, `min_lstm`은
# 셋인데 $U$가 없어 덩어리마다 절반이다. 그런데 시간은 가중치의 수만으로 정해지지 않는다. 재 보는 수밖에 없다.
#
# ## 여덟 셀, 한 문제
#
# 앞의 [2장](02_gradients.py)에서처럼 잡음 사이의 기호를 끝까지 기억하는 문제다. 이번에는 **기호가 둘이고, 먼저 나온 것이
# 답이다.** 뒤에 나온 것은 읽고도 무시해야 하니, 이미 하나를 적어 두었는지를 상태가 알아야 한다. 아무렇게나 찍으면 넷에
# 하나, 두 기호 가운데 하나를 찍으면 절반 남짓이 맞는다. 조금 학습하고 재고, 또 조금 학습하고 재면서 학습에 든 시간을 함께
# 적는다.

# %%
import time

LENGTH, SYMBOLS = 24, 4


def first_of_two(rows, seed):
    """One-hot sequences of noise with two symbols in them, and the symbol that comes first."""
    random = np.random.default_rng(seed)
    ids = random.integers(SYMBOLS, 2 * SYMBOLS, size=(rows, LENGTH))
    places = np.sort(random.permuted(np.tile(np.arange(LENGTH), (rows, 1)), axis=1)[:, :2], axis=1)
    symbols = random.integers(SYMBOLS, size=(rows, 2))
    np.put_along_axis(ids, places, symbols, axis=1)
    return np.eye(2 * SYMBOLS, dtype="float32")[ids], symbols[:, 0]


def learning_curve(name, rounds=8):
    """Seconds of training so far, and the share right on unseen sequences, after each round, until nearly all are."""
    keras.utils.set_random_seed(1)
    layers = [Recurrent(make_cell(name, 32, {})), keras.layers.Dense(SYMBOLS)]
    network = keras.Sequential([keras.Input((LENGTH, 2 * SYMBOLS)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(0.01, global_clipnorm=1.0), loss)
    (known, answers), (unseen, right) = first_of_two(3200, seed=1), first_of_two(2000, seed=2)
    network.fit(known[:64], answers[:64], batch_size=64, verbose=0)  # builds the graph: not counted
    seconds, accuracy = [0.0], [float((network.predict(unseen, 1000, verbose=0).argmax(axis=1) == right).mean())]
    for _ in range(rounds):
        start = time.perf_counter()
        network.fit(known, answers, batch_size=64, verbose=0)
        seconds.append(seconds[-1] + time.perf_counter() - start)
        accuracy.append(float((network.predict(unseen, 1000, verbose=0).argmax(axis=1) == right).mean()))
        if accuracy[-1] > 0.99:
            break
    return seconds, accuracy


curves = {name: learning_curve(name) for name in CELLS}
drawing = figure(9, 4.2)
axes = drawing.subplots()
for name, colour in line_colours(CELLS).items():
    axes.plot(*curves[name], color=colour, marker="o", markersize=4, label=f"{name}  {curves[name][1][-1]:.0%}")
axes.axhline(1 / SYMBOLS, color=NEUTRAL, linestyle=":")
axes.set(xlabel="학습에 든 시간(초) · seconds of training", ylabel="맞힌 비율 · share right", ylim=(0, 1.05))
axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
save(drawing, png)

rounds = {name: len(accuracy) - 1 for name, (_, accuracy) in curves.items()}
print("rounds:", rounds)
assert curves["vanilla"][1][-1] < 0.6
assert all(curves[name][1][-1] > 0.9 for name in CELLS if name != "vanilla")
assert min(rounds["min_gru"], rounds["min_lstm"]) > max(rounds["gru"], rounds["coupled"], rounds["layer_norm_lstm"])
Image(png, width=820)

# %% [markdown]
# 점 하나가 한 바퀴(배치 50개)이고, 99 %를 넘으면 멈췄다. 가로축은 컴퓨터마다 다르니 여러분의 그림에서 직접 읽기 바란다. 어느
# 컴퓨터에서나 같은 것은 이렇다.
#
# - **바닐라**는 여덟 바퀴를 돌아도 찍는 것과 다를 바 없다. 빠르지만 배우지 못한다.
# - **게이트가 상태를 보는 셀**은 모두 몇 바퀴 만에 풀어낸다. LSTM에서 무엇을 조금 빼거나 보태도 마찬가지다. 여기서 한두 바퀴
#   빠르다고 해서 늘 그런 것은 아니다. Greff et al. 2017은 변형 여덟 가지를 5,400번 학습시켜 보고, LSTM보다
#   뚜렷이 나은 것은 없었다고 적었다.
# - **min_gru와 min_lstm**은 더 여러 바퀴를 돌고서야 배운다. 대신 한 바퀴가 짧다. 글이 길수록 병렬 스캔의 이득이 커진다.
#
# 그러니 "어느 셀이 좋은가"에는 답이 없다. 이 문제에서, 이 시간 안에서, 이 컴퓨터에서만 답이 있다. 진짜 리뷰에서는
# `make all CELL=gru`를 돌리고 `make compare`로 견준다.
#
# ## 요약
#
# - GRU는 상태를 하나로 줄이고, 망각과 입력을 게이트 하나에 맡긴다. 가중치가 LSTM의 4분의 3이다.
# - 리셋을 앞에서 하는 것과 뒤에서 하는 것은 다른 셀이다. 가중치를 서로 옮길 수 없다.
# - 엿보기 구멍이 0이면 LSTM이고, 짝지은 게이트는 $i = 1 - f$이며, 층 정규화는 게이트의 포화를 막는다.
# - 게이트가 상태를 보지 않으면 모든 상태를 병렬 스캔으로 한꺼번에 구한다. 배우기는 더디고 돌기는 빠르다.
# - 셀은 정확도만이 아니라 걸린 시간과 함께 견준다.
#
# ## 연습 문제
#
# 1. GRU의 가중치는 앞의 식대로라면 $3(96^2 + 96^2 + 96)$개다. 그림의 수는 그보다 얼마나 많은가? 까닭을
#    `pipeline/cells/gru.py`에서 찾아라.
# 2. `min_gru`의 게이트는 상태를 보지 않는데도 먼저 나온 기호를 맞힌다. 잡음에서는 $z = 0$, 기호에서는 $z = 0.5$인 유닛과
#    $z = 0.9$인 유닛이 있다고 하자. 두 기호의 후보를 $g_1, g_2$라고 할 때 두 유닛의 마지막 상태를 적고, 둘을 더하고 빼서 $g_1$만
#    남겨 보라.
# 3. `learning_curve`에서 유닛을 32개에서 8개로 줄이면 GRU와 `min_gru` 가운데 어느 쪽이 더 힘들어하겠는가? 2번의 답에서 짐작하고
#    돌려 보라.
#
# <details>
# <summary>답</summary>
#
# 1. $3 \times 96 = 288$개 많다. 리셋을 뒤에서 하려면 $U h$에 더하는 편향 $d$가 따로 있어야 하기 때문이다
#    (`recurrent_bias`).
# 2. $z$인 유닛의 마지막 상태는 $(1-z) z\, g_1 + z\, g_2$다. $A = 0.25 g_1 + 0.5 g_2$, $B = 0.09 g_1 + 0.9 g_2$이므로
#    $A - \frac{5}{9} B = 0.2\, g_1$이다. 상태를 보지 않아도 유닛이 여럿이면 출력층이 이렇게 골라낼 수 있다.
# 3. `min_gru`다. 유닛 하나로 "이미 적었다"를 알 수 없어 여러 유닛을 짝지어야 하는데, 유닛이 모자라면 짝이 모자란다. 다만 시드에 따라
#    다르니 두세 번 돌려 보라.
#
# </details>
#
# ## 출처
#
# - Cho et al. 2014, *Learning phrase representations using RNN encoder–decoder*, EMNLP, 2.3절. GRU (리셋이 앞에 있다).
# - Chung et al. 2014, *Empirical evaluation of gated recurrent neural networks on sequence modeling*. GRU와 LSTM의 비교.
# - Gers & Schmidhuber 2000, *Recurrent nets that time and count*. 엿보기 구멍.
# - Greff et al. 2017, *LSTM: a search space odyssey*, 4절의 변형들과 5절의 결과.
# - Ba, Kiros & Hinton 2016, *Layer normalization*, 식 (20)~(22).
# - Feng et al. 2024, *Were RNNs all we needed?*, 3절. minGRU와 minLSTM.

# %%
# 답에 나온 수를 확인한다 · The numbers of the answers, checked
assert weights["gru"] - 3 * (96**2 + 96**2 + 96) == 288
A, B = (np.array([(1 - z) * z, z]) for z in (0.5, 0.9))
assert np.allclose(A - 5 / 9 * B, [0.2, 0])
