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
# # LSTM, 게이트 하나씩
#
# 앞 장에서 바닐라 셀의 상태는 걸음마다 통째로 $U$와 tanh를 지났다. 그래서 오래전에 읽은 것은 사라졌다. LSTM(long
# short-term memory)은 상태를 둘로 나눈다. 답을 내는 데 쓰는 $h$와, 오래 간직하는 *셀 상태*(cell state) $c$다. 그리고 $c$에
# 무엇을 남기고, 적고, 내보일지를 *게이트*(gate)가 정한다.
#
# 이 장에서는 다음을 해 본다.
#
# 1. 게이트의 재료인 sigmoid, tanh, 성분끼리의 곱을 손에 익힌다.
# 2. 학습된 모델이 진짜 리뷰를 읽는 한 걸음을 식 그대로 다시 계산한다.
# 3. 게이트를 활짝 열거나 꼭 닫으면 무슨 일이 일어나는지 본다.
# 4. 두 맥락의 "죽인다" 앞에서 게이트가 어떻게 달라지는지 본다.
#
# `make all`이 `artifacts/`에 남긴 모델을 쓴다.

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
    from pipeline.text.tokenizer import Tokenizer

import numpy as np
from IPython.display import Image

from pipeline.support.figures import NEGATIVE, NEUTRAL, POSITIVE, figure, save

png = Path((folder := TemporaryDirectory()).name) / "figure.png"
data = Path(os.environ.get("ARTIFACTS", "artifacts")) / "maekrak"

# %% [markdown]
# ## 재료: 정하는 sigmoid, 나르는 tanh
#
# sigmoid는 어떤 수든 0과 1 사이로 옮긴다. "얼마나"를 나타내기에 알맞아서 게이트에 쓴다. 0이면 막고 1이면 통과시킨다.
# tanh는 −1과 1 사이로 옮긴다. 부호가 있어 "무엇을"을 나타내기에 알맞다. 그래서 **sigmoid가 정하고 tanh가 나른다.**


# %%
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


x = np.linspace(-6, 6, 121)
drawing = figure(7, 2.8)
axes = drawing.subplots()
axes.plot(x, sigmoid(x), color=POSITIVE, label="sigmoid: 0 ~ 1")
axes.plot(x, np.tanh(x), color=NEGATIVE, label="tanh: -1 ~ 1")
axes.axhline(0, color=NEUTRAL, linewidth=1)
axes.legend(frameon=False)
save(drawing, png)
assert sigmoid(0) == 0.5 and np.tanh(0) == 0
Image(png, width=560)

# %% [markdown]
# 게이트를 건다는 것은 성분끼리 곱하는 것이다. 수학책에서는 $\odot$로 적는다. 수 네 개를 나르는 벡터에 게이트를 걸어 보자.

# %%
carried = np.array([0.1, 2.0, -0.4, 0.5])
gate = np.array([0.1, 0.9, 0.4, 0.9])
print(carried * gate)
assert np.allclose(carried * gate, [0.01, 1.8, -0.16, 0.45])

# %% [markdown]
# 첫째는 거의 막혔고(0.1), 둘째와 넷째는 거의 다 지나갔다(0.9). 음수도 부호를 지킨 채 작아진다. 인터넷에서 널리 읽히는 한
# 글에는 이 계산의 둘째 값이 1.98이라고 적혀 있다. 2.0의 0.9배는 1.8이다. 그림에 적힌 수라도 직접 곱해 보자.
#
# ## 식 여섯 줄
#
# LSTM의 한 걸음이다. `pipeline/cells/lstm.py` 첫머리에 같은 글자로 적혀 있다.
#
# $$i_t = \sigma(W_i x_t + b_i + U_i h_{t-1})$$
# $$f_t = \sigma(W_f x_t + b_f + U_f h_{t-1})$$
# $$g_t = \tanh(W_g x_t + b_g + U_g h_{t-1})$$
# $$o_t = \sigma(W_o x_t + b_o + U_o h_{t-1})$$
# $$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$
# $$h_t = o_t \odot \tanh(c_t)$$
#
# 네 덩어리가 똑같이 생겼다. 지금 읽는 조각 $x_t$와 앞의 상태 $h_{t-1}$을 섞어 sigmoid나 tanh를 씌운다. 다른 것은 저마다의
# 가중치, 그리고 그 결과를 쓰는 자리뿐이다. 학습된 모델이 리뷰 하나를 읽을 때의 수로 하나씩 보자.

# %%
from pipeline.report.gates import first_layer

model, tokenizer = load(data / "lstm" / "train"), Tokenizer(data / "tokenize")
cell = first_layer(model).cell


def read(text):
    """The pieces of a text, their vectors, and every state and gate after each piece."""
    vectors = model.get_layer("embedding")(tokenizer.encode([text]).to_tensor())
    traced = first_layer(model).trace(vectors)
    return tokenizer.split(text), vectors[0].numpy(), {name: values[0].numpy() for name, values in traced.items()}


praise = "배우들 연기가 진짜 죽인다!"
pieces, vectors, traced = read(praise)
LAST = len(pieces) - 1
print(pieces)
print({name: values.shape for name, values in traced.items()})

# %% [markdown]
# 유닛 96개가 조각마다 게이트를 하나씩 갖는다. 그림 하나로 따라가려고, 이 리뷰를 읽는 동안 $c$가 가장 크게 움직인 유닛
# 하나를 고른다.

# %%
unit = int(np.argmax(np.ptp(traced["c"], axis=0)))
rows = ["forget", "input", "candidate", "c", "output", "h"]
labels = ["f 망각 · forget", "i 입력 · input", "g 후보 · candidate", "c 셀 상태 · cell state", "o 출력 · output", "h"]

drawing = figure(1.8 + 1.2 * len(pieces), 3.8)
axes = drawing.subplots()
values = np.array([traced[name][:, unit] for name in rows])
axes.imshow(values, cmap="RdBu", vmin=-2, vmax=2, aspect="auto")
for row, column in np.ndindex(*values.shape):
    dark = abs(values[row, column]) > 1.3
    axes.text(column, row, f"{values[row, column]:.2f}", ha="center", va="center", color="white" if dark else "black")
axes.set_xticks(range(len(pieces)), [piece.replace("▁", "_") for piece in pieces])
axes.set_yticks(range(len(rows)), labels)
axes.set(title=f"유닛 · unit {unit}")
save(drawing, png)
Image(png, width=820)

# %% [markdown]
# 왼쪽에서 오른쪽으로 읽으며 한 줄씩 보자. 그림의 수를 직접 대입해 가며 읽기를 권한다.
#
# - **망각 게이트** $f$는 앞의 $c$를 얼마나 남길지 정한다. 1이면 그대로 두고 0이면 지운다.
# - **입력 게이트** $i$는 새것을 얼마나 적을지 정한다.
# - **후보** $g$는 적으려는 내용이다. 갱신(update)이라고 부르는 책도 있다. 부호가 있다.
# - **셀 상태** $c$는 $f \times$ (왼쪽 칸의 $c$) $+\ i \times g$다. 어느 칸이든 계산기로 맞춰 볼 수 있다. $c$는 1을 넘을 수 있다.
# - **출력 게이트** $o$는 $c$를 얼마나 내보일지 정한다. $h = o \tanh(c)$다.
#
# `▁죽인다`의 칸을 식으로 다시 계산해 보자. 모델에서 꺼내는 것은 가중치와, 바로 앞 칸의 $h$와 $c$뿐이다.

# %%
at = pieces.index("▁죽인다")
W, U, b = (weight.numpy() for weight in (cell.kernel, cell.recurrent_kernel, cell.bias))
h, c = traced["h"][at - 1], traced["c"][at - 1]

blocks = dict(zip(cell.blocks, np.split(vectors[at] @ W + b + h @ U, 4), strict=True))
i, f, o = (sigmoid(blocks[name]) for name in ("input", "forget", "output"))
g = np.tanh(blocks["candidate"])
c_new = f * c + i * g
h_new = o * np.tanh(c_new)

print(f"c = {f[unit]:.4f} * {c[unit]:.4f} + {i[unit]:.4f} * {g[unit]:.4f} = {c_new[unit]:.4f}")
print(f"h = {o[unit]:.4f} * tanh({c_new[unit]:.4f}) = {h_new[unit]:.4f}")
for name, ours in {"input": i, "forget": f, "candidate": g, "output": o, "c": c_new, "h": h_new}.items():
    assert np.abs(traced[name][at] - ours).max() < 1e-5

# %% [markdown]
# 유닛 96개 모두, 여섯 줄 모두 모델이 낸 값과 같다. LSTM에 다른 비밀은 없다.
#
# ## 활짝 열거나 꼭 닫으면
#
# 게이트의 뜻은 끝까지 밀어 볼 때 가장 뚜렷하다. 유닛 하나짜리 셀을 만들고 편향으로 $f$와 $i$를 0이나 1에 붙들어 놓는다
# (sigmoid에 ±20을 넣으면 그렇게 된다). 후보 $g$는 입력을 따라 0.5, −0.5, …로 바뀐다.

# %%
from pipeline.cells.lstm import LSTMCell
from pipeline.layers.recurrent import Recurrent

candidates = np.array([0.5, 0.5, -0.5, 0.5, -0.5, -0.5, -0.5, 0.5])


def memory(f, i, start=0.8):
    """c after each step, with f and i held at 0 or 1, from c = start."""
    held = LSTMCell(1)
    held.build((None, 1))
    bias = [20 if i else -20, 20 if f else -20, 0, 20]
    held.set_weights([np.array([[0.0, 0.0, 1.0, 0.0]]), np.zeros((1, 4)), np.array(bias)])
    inputs = np.arctanh(candidates)[None, :, None].astype("float32")
    states = [np.zeros((1, 1), "float32"), np.full((1, 1), start, "float32")]
    return Recurrent(held).trace(inputs, initial_state=states)["c"][0, :, 0].numpy()


drawing = figure(10, 4)
cases = {
    (1, 0): "간직한다 · keep",
    (0, 0): "잊는다 · forget",
    (0, 1): "갈아 끼운다 · replace",
    (1, 1): "더한다 · add up",
}
for axes, ((f, i), title) in zip(drawing.subplots(2, 2, sharex=True, sharey=True).flat, cases.items(), strict=True):
    axes.axhline(0, color=NEUTRAL, linewidth=1)
    axes.bar(range(1, 9), candidates, color="#d1e5f0", label="g")
    axes.plot(range(9), [0.8, *memory(f, i)], color=POSITIVE, marker="o", label="c")
    axes.set(title=f"f = {f}, i = {i}: {title}")
axes.legend(frameon=False, loc="upper right")
save(drawing, png)

assert np.allclose(memory(1, 0), 0.8, atol=1e-6)
assert np.allclose(memory(0, 0), 0, atol=1e-6)
assert np.allclose(memory(0, 1), candidates, atol=1e-6)
assert np.allclose(memory(1, 1), 0.8 + np.cumsum(candidates), atol=1e-6)
Image(png, width=820)

# %% [markdown]
# - $f = 1, i = 0$이면 무엇을 읽든 $c$는 0.8 그대로다. 바닐라 셀은 이것을 하지 못한다.
# - $f = 0, i = 0$이면 첫걸음에 0이 되고, 적지도 않으니 계속 0이다.
# - $f = 0, i = 1$이면 $c$가 늘 방금 읽은 후보와 같다. 기억이 한 걸음뿐이다.
# - $f = 1, i = 1$이면 읽은 것이 차곡차곡 더해진다. 몇 번 나왔는지 셀 수 있다.
#
# 배운 게이트는 이 네 극단 사이 어딘가에, 조각마다 유닛마다 다르게 선다.
#
# ## "죽인다" 앞에 선 게이트
#
# 이제 두 맥락을 읽힌다. 두 글의 `▁죽인다`는 같은 조각이라 벡터 $x_t$가 같다. 그런데도 게이트가 다르다면, 그 차이는 모두
# $h_{t-1}$, 곧 앞에서 읽은 맥락에서 온 것이다.

# %%
complaint = "두 시간 동안 시간만 죽인다!"
other_pieces, other_vectors, other_traced = read(complaint)
there = other_pieces.index("▁죽인다")
assert (vectors[at] == other_vectors[there]).all()

gates = {"forget": "f 망각", "input": "i 입력", "candidate": "g 후보", "output": "o 출력", "c": "c 셀 상태"}
drawing = figure(13, 3.2)
moved = {}
for axes, (name, title) in zip(drawing.subplots(1, 5), gates.items(), strict=True):
    here, elsewhere = traced[name][at], other_traced[name][there]
    moved[name] = np.abs(here - elsewhere)
    most = max(np.abs(here).max(), np.abs(elsewhere).max(), 1)
    low = 0 if here.min() >= 0 else -most
    axes.plot([low, most], [low, most], color=NEUTRAL, linewidth=1)
    axes.scatter(here, elsewhere, s=12, color=POSITIVE)
    axes.set(title=f"{title} · {name}", xlabel="연기가 죽인다", aspect="equal")
drawing.axes[0].set_ylabel("시간만 죽인다")
save(drawing, png)

for name, difference in moved.items():
    print(f"{(difference > 0.2).sum():2} of 96 units differ by more than 0.2: {name}")
assert all((difference > 0.2).sum() >= 10 for difference in moved.values())
Image(png, width=1000)

# %% [markdown]
# 점 하나가 유닛 하나다. 회색 선 위에 있으면 두 맥락에서 같은 값이고, 선에서 멀수록 맥락이 크게 바꾼 것이다. 다섯 그림
# 모두 선을 벗어난 점이 많다. **같은 "죽인다"를 읽으면서도, 무엇을 남기고 적고 내보일지가 다르다.** 맥락이 뜻을 정한다는 말을
# 식으로 옮기면 $U h_{t-1}$이다.
#
# 그래도 유닛 하나하나에 "칭찬 유닛" 같은 이름을 붙이지는 말자. 이 그림이 말해 주는 것은 맥락이 게이트를 움직인다는
# 것까지다.

# %% [markdown]
# ## 요약
#
# - sigmoid는 얼마나를 정하고 tanh는 무엇을 나른다. 게이트를 건다는 것은 성분끼리 곱하는 것이다.
# - $c_t = f_t \odot c_{t-1} + i_t \odot g_t$. 남길 만큼 남기고 적을 만큼 적는다. $h_t = o_t \odot \tanh(c_t)$만 밖에 보인다.
# - $f = 1, i = 0$이면 그대로 간직하고, $f = 0, i = 0$이면 잊는다.
# - 같은 조각 앞에서도 게이트는 앞의 맥락에 따라 달라진다.
#
# ## 연습 문제
#
# 1. 그림의 유닛에서 조각 하나를 골라 $c$와 $h$를 계산기로 맞춰 보라. 그림에는 소수 둘째 자리까지만 있는데, 결과는 얼마나
#    어긋나는가?
# 2. $f = 0.5$, $i = 0$이면 0.8은 여덟 걸음 뒤에 얼마가 되는가? 먼저 계산하고, `memory`를 고치지 않고 확인할 방법을 생각해 보라.
# 3. 출력 게이트가 0이면 $h$는 0이다. 그때 $c$에 간직한 것도 사라지는가? 다음 걸음의 게이트는 그것을 볼 수 있는가?
#
# <details>
# <summary>답</summary>
#
# 1. 보통 0.02 안쪽으로 어긋난다. $f$, $c$, $i$, $g$가 저마다 0.005까지 반올림되었고, 곱해서 더하면 그 몇 배가 된다.
# 2. $0.8 \times 0.5^8 = 0.003$이다. `0.8 * np.cumprod(np.full(8, 0.5))`로 확인할 수 있다. 망각 게이트의 곱이 기억의 수명이다.
# 3. $c$는 그대로 남는다. $c_t$의 식에 $o$가 없기 때문이다. 그러나 다음 게이트는 $h$만 보므로 볼 수 없다. 게이트가 $c$를
#    들여다보게 한 것이 다음 장의 엿보기 구멍(peephole)이다.
#
# </details>
#
# ## 출처
#
# - Hochreiter & Schmidhuber 1997, *Long short-term memory*, Neural Computation 9. 4절. 입력 게이트와 출력 게이트. 망각 게이트는
#   아직 없다 ($f = 1$).
# - Gers, Schmidhuber & Cummins 2000, *Learning to forget*, Neural Computation 12. 3절. 망각 게이트.
# - Greff et al. 2017, *LSTM: a search space odyssey*, 2절. 여섯 줄의 식과 그 변형들.

# %%
# 답에 나온 수를 확인한다 · The numbers of the answers, checked
rounded = {name: traced[name][:, unit].round(2) for name in rows}
c_rounded = rounded["forget"][1:] * rounded["c"][:-1] + rounded["input"][1:] * rounded["candidate"][1:]
print(f"off by at most {np.abs(c_rounded - rounded['c'][1:]).max():.3f}")
assert np.abs(c_rounded - rounded["c"][1:]).max() < 0.02
assert round(0.8 * 0.5**8, 3) == 0.003
