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
# # The GRU and its kin
#
# An LSTM has six equations and two states. Can less do the same? The GRU (gated recurrent unit) has one state and two gates.
# Later cells have each left something out, or put something in. The package has eight, each in a file that opens with its
# equations (`pipeline/cells/`).
#
# Of each cell this chapter asks three things: **what does it leave out, what does it cost, what does it change?** At the end
# all eight get the same task, and one picture shows how right they are over the time they took.

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
# ## What the GRU leaves out
#
# $$z_t = \sigma(W_z x_t + b_z + U_z h_{t-1}) \qquad r_t = \sigma(W_r x_t + b_r + U_r h_{t-1})$$
# $$g_t = \tanh(W_g x_t + b_g + r_t \odot (U_g h_{t-1}))$$
# $$h_t = z_t \odot h_{t-1} + (1 - z_t) \odot g_t$$
#
# - There is one state. What is kept is what is shown, so there is no output gate.
# - One **update gate $z$** does the work of forget and input: as much as is kept, so much less is written. $z = 1$ keeps all.
# - The **reset gate $r$** decides how much of the old state the candidate sees.
#
# (Papers and books differ on which of $z$ and $1 - z$ is which; this is Keras's way.) Push $z$ towards 1 by its bias, and see
# whether all is kept.

# %%
gru = built("gru")
gru.bias.assign(np.where(np.repeat(np.array(gru.blocks) == "update", 96), 20.0, gru.bias.numpy()))
kept, _ = gru(x, [h])
assert np.allclose(kept, h, atol=1e-6)
print("largest change of h with z = 1:", float(np.abs(kept - h).max()))

# %% [markdown]
# ## Reset before, reset after
#
# The paper (Cho et al. 2014) multiplies the state by $r$ first and by $U_g$ then. cuDNN and Keras multiply by $U_g$ first and
# by $r$ then, which is faster: the products with $U_z$, $U_r$ and $U_g$ are one. Are the two the same cell?

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
# The same weights give another state. So weights trained the one way must not be loaded the other way. With $r = 1$ the
# two are the same, as the last line checks. There is hardly a difference in what they can do, and the faster is the default.
#
# ## Three small changes to the LSTM
#
# - **Peepholes** (`peephole`) let the gates see $c$, not $h$ alone, at the cost of three numbers a unit. With these at 0 it is
#   the LSTM.
# - **Coupled gates** (`coupled`) leave the input gate out, with $i = 1 - f$: it writes only where it forgets.
# - **Layer normalisation** (`layer_norm_lstm`) gives $W x$ and $U h$ a mean of 0 and a variance of 1 each. However large the
#   inputs grow, the gates see the same size.
#
# Take no one's word for it: check each.

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
# A gate below 0.02 or above 0.98 counts as *saturated* here. With inputs 100 times as large, nearly all of the LSTM's input
# gates are, and pass on no gradient. Layer normalisation isn't moved. The price is a mean and a variance at every step, which
# make it slower.
#
# ## Gates that don't see the state
#
# `min_gru` and `min_lstm` leave out far more: gates and candidate don't see $h_{t-1}$ at all.
#
# $$z_t = \sigma(W_z x_t + b_z), \qquad g_t = W_g x_t + b_g, \qquad h_t = (1 - z_t) \odot h_{t-1} + z_t \odot g_t$$
#
# What is lost is plain: the $U h_{t-1}$ that moved the gates at 죽인다 in the last chapter is gone. A gate sees only the piece
# that is read now. What is gained is speed. In $h_t = a_t h_{t-1} + b_t$, all $a_t$ and $b_t$ are known before the first step, so
# a *parallel scan* gives all states at once, without walking step by step (`pipeline/layers/scan.py`). Are they the same as
# those of the walk?

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
# ## What they cost
#
# First the number of weights, for 96 units and 96 inputs.

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
# There is nothing to learn by heart if you count blocks: vanilla has one, the GRU and `coupled` three, the LSTM four.
# `min_gru` has two and `min_lstm` three, each half as large, for want of $U$. But weights alone don't tell the time. That has
# to be measured.
#
# ## Eight cells, one task
#
# As in [chapter 2](02_gradients.py), a symbol among noise must be remembered to the end. This time **there are two symbols, and
# the first is the answer.** The second must be read and left aside, so the state has to know whether one is written down
# already. A guess among all four is right one time in four, a guess between the two a little more than one in two. We train a
# little, measure, train a little more, and note the time that the training took.

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
# A dot is a round of 50 batches; a cell stops when it is above 99 %. Seconds differ with the machine, so read yours from your
# own picture. What is the same on any machine:
#
# - **vanilla** is no better than a guess after eight rounds. It is quick, and learns nothing.
# - **Cells whose gates see the state** all solve it in a few rounds, whatever is left out of the LSTM or put into it. That one
#   of them needs a round or two less here doesn't make it a law: Greff et al. 2017 trained eight variants 5,400 times and
#   found none clearly better than the LSTM.
# - **`min_gru` and `min_lstm`** take more rounds to learn it, but their rounds are short. The longer the text, the more the
#   parallel scan gains.
#
# So "which cell is best" has no answer, but for this task, in this time, on this machine. On real reviews, run
# `make all CELL=gru` and compare by `make compare`.
#
# ## Summary
#
# - The GRU has one state, and one gate for forget and input: three quarters of the LSTM's weights.
# - Reset before and reset after are two cells. Weights of the one are no good to the other.
# - With peepholes at 0 it is the LSTM; coupled gates have $i = 1 - f$; layer normalisation keeps gates from saturating.
# - Where gates don't see the state, a parallel scan gives all states at once. It learns slowly and runs fast.
# - Compare cells by the time they take as well as by accuracy.
#
# ## Exercises
#
# 1. By the equations above a GRU has $3(96^2 + 96^2 + 96)$ weights. How many more are there in the picture? Find out why in
#    `pipeline/cells/gru.py`.
# 2. The gates of `min_gru` don't see the state, and yet it tells which symbol came first. Say that noise has $z = 0$, and that
#    at symbols one unit has $z = 0.5$ and another $z = 0.9$. With $g_1$ and $g_2$ the candidates of the two symbols, write down the
#    last state of both units, and combine them so that $g_1$ alone is left.
# 3. With 8 units in place of 32 in `learning_curve`, which will find it harder, the GRU or `min_gru`? Guess from your answer to 2,
#    then run it.
#
# <details>
# <summary>Answers</summary>
#
# 1. $3 \times 96 = 288$ more. To reset after the product, $U h$ needs a bias $d$ of its own (`recurrent_bias`).
# 2. The last state of a unit with $z$ is $(1-z) z\, g_1 + z\, g_2$. So $A = 0.25 g_1 + 0.5 g_2$ and $B = 0.09 g_1 + 0.9 g_2$, and
#    $A - \frac{5}{9} B = 0.2\, g_1$. Without seeing the state, several units together let the output layer pick out the first.
# 3. `min_gru`. No unit alone can know "one is written down already", so it takes units in pairs, and with few units there are
#    few pairs. It varies with the seed: run it two or three times.
#
# </details>
#
# ## Sources
#
# - Cho et al. 2014, *Learning phrase representations using RNN encoder–decoder*, EMNLP, section 2.3: the GRU, reset before.
# - Chung et al. 2014, *Empirical evaluation of gated recurrent neural networks on sequence modeling*: GRU against LSTM.
# - Gers & Schmidhuber 2000, *Recurrent nets that time and count*: peepholes.
# - Greff et al. 2017, *LSTM: a search space odyssey*, the variants in section 4, results in section 5.
# - Ba, Kiros & Hinton 2016, *Layer normalization*, equations (20) to (22).
# - Feng et al. 2024, *Were RNNs all we needed?*, section 3: minGRU and minLSTM.

# %%
# 답에 나온 수를 확인한다 · The numbers of the answers, checked
assert weights["gru"] - 3 * (96**2 + 96**2 + 96) == 288
A, B = (np.array([(1 - z) * z, z]) for z in (0.5, 0.9))
assert np.allclose(A - 5 / 9 * B, [0.2, 0])
