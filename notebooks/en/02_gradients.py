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
# # Why a vanilla network forgets
#
# In `maekrak`, what turns the verdict often stands dozens of pieces away from what it turns. An LSTM learns to join the
# two; the vanilla network, as `make compare` shows once you have trained it, hardly does. It could in principle: its
# state passes from piece to piece as well. So why doesn't it *learn* to?
#
# A network learns from gradients. If a change of the state long ago leaves no trace in the loss at the end, no
# weight is told that it should have been kept. This notebook measures how much of the gradient comes back.
#
# 1. By what is the gradient multiplied at each step back?
# 2. What becomes of it over sixty steps, before any training, in a vanilla network, an LSTM and a GRU?
# 3. And in the trained ones?
# 4. So how far can each cell go, in a task that asks to copy what stands far away?
#
# Not all that we will see is what the textbooks lead you to expect. This chapter reads the model that `make all` has left
# in `artifacts/`. If the gates of an LSTM and a GRU are new to you, [chapter 3](03_lstm.py) may come first.

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
# ## One step back
#
# The vanilla cell is one line (`pipeline/cells/vanilla.py`):
#
# $$h_t = \varphi(a_t), \qquad a_t = W x_t + b + U h_{t-1}$$
#
# with $\varphi$ = tanh. Nudge $h_{t-1}$ a little: the nudge goes through $U$, then through the slope of $\varphi$ at
# $a_t$, each unit with its own. Written as a matrix,
#
# $$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}\big(\varphi'(a_t)\big)\, U$$
#
# and $d$ steps back there are $d$ such matrices, one multiplied by the next:
#
# $$\frac{\partial h_T}{\partial h_{T-d}} = J_T \, J_{T-1} \cdots J_{T-d+1}, \qquad J_t = \mathrm{diag}\big(\varphi'(a_t)\big)\, U$$
#
# No vector grows by more than the largest slope times the largest singular value of $U$ in a step. The slope of tanh is
# $1 - h^2$, at most 1; that of sigmoid is at most ¼; that of relu is 0 or 1. Whatever the factor a step is, it is taken
# to the power of $d$, and powers know little between nothing and everything.

# %%
for factor in [0.25, 0.5, 0.9, 0.99, 1.0, 1.1, 1.5]:
    print(f"{factor:4}", *(f"{factor**d:10.1e} after {d}" for d in (10, 30, 60)))
assert (round(0.9**60, 3), round(1.1**60, -2)) == (0.002, 300)

# %% [markdown]
# After 60 steps, 0.9 has become two thousandths and 1.1 three hundred. Only a factor very near 1 gets through.
# Gradients that tend to nothing are said to *vanish*, those that grow without bound to *explode* (Bengio et al. 1994;
# Pascanu et al. 2013).

# %% [markdown]
# Here is $\varphi'$'s part in that factor: on the left the slopes, on the right tanh's slope multiplied $d$ times, where $a$
# is the same throughout.

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
# tanh has a slope of 1 at 0, and between 0 and 1 everywhere else. With $a$ no further out than 0.25, 2 % are left after
# sixty steps; with 1 it falls out of the picture. To keep the gradient, states would have to stay near 0, where they say
# nothing.

# %% [markdown]
# ## Measuring it
#
# `gradient_flow(cell, inputs)` runs a cell over sequences step by step, takes $L$ to be the product of the last state
# $h_T$ with a random vector of length 1, and gives $|\partial L / \partial h_{T-d}|$ for each distance $d$, the mean
# over the sequences. The random vector stands for whatever a loss may want of $h_T$. At $d = 0$ the result is 1, so
# further back it is the share that arrives: call it the *gradient flow*.
#
# First a case that we can do by hand: relu, nothing below zero, and $U$ the identity times a number. Then each step
# multiplies by just that number.

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
# Now for real text. We take the longest reviews of dev, cut to their last pieces so that all are of one length, and
# look up the vectors that the trained LSTM has for these pieces: this is what a cell gets to read.

# %%
from pipeline.report.gradient_flow import longest_reviews
from pipeline.text.reviews import read_reviews
from pipeline.text.tokenizer import Tokenizer

dev = read_reviews(data / "ingest", "dev")
ids = longest_reviews(Tokenizer(data / "tokenize"), dev.texts, reviews=32, max_length=80)
inputs = model.get_layer("embedding")(ids)
print(f"reviews, pieces, numbers a piece: {tuple(inputs.shape)}, standard deviation {np.std(inputs):.2f}")

# %% [markdown]
# ## Vanilla, before training
#
# We start six cells with random weights, as training would, and with an orthogonal $U$: it turns vectors and leaves
# their lengths alone. One cell gets a smaller $U$, one a larger, and one louder inputs.

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
# The vertical scale is logarithmic: a straight line down is a constant factor a step. The grey line is what the
# gradient was at the last piece.

# %%
from pipeline.report.gradient_flow import draw_gradient_flow

draw_gradient_flow(png, {"vanilla, untrained": untrained})
assert 0.01 < untrained["tanh"][60] < 0.2
assert max(untrained[name][60] for name in ("tanh, U x 0.8", "tanh, inputs x 10", "sigmoid", "relu")) < 1e-4
assert 0.6 < untrained["relu"][60] ** (1 / 60) < 0.8 and untrained["relu, U x 2"][60] > 1e3
Image(png, width=640)

# %% [markdown]
# This is what there is to see.
#
# - **sigmoid** falls straight down. Its slope is at most ¼, the orthogonal $U$ adds nothing, and $0.25^{20}$ is already
#   less than what the figure shows. Nobody could train this over twenty pieces.
# - **tanh** falls only gently: after sixty pieces a few percent are still there! That is the first surprise. It is no
#   merit of the cell: $U$ keeps lengths, the inputs are small, so the states stay near 0, where the slope of tanh is 1.
#   Take away either, and it vanishes: a $U$ of **0.8** of the size takes the 0.8 to the power of $d$, and **inputs ten
#   times as large** drive the states to where tanh is flat. The orthogonal start is a remedy that was found for just
#   this illness (Saxe et al. 2014).
# - **relu** has no flat part above zero, but about half of the units are below, and these pass on nothing. What passes
#   shrinks to about $\sqrt{1/2}$ a step. With $U$ **twice** as large it is $\sqrt 2$ instead, and the gradient
#   explodes.
#
# Against explosion there is a simple means: cut a gradient that is too long. `clip_norm` in `configs/base.yaml` does
# that. A vanished gradient can't be scaled up again: what is left of it drowns in that of the pieces near the end.
#
# ## Gates, before training
#
# An LSTM has a second way back, along its memory, and a GRU keeps a share of its state:
#
# $$c_t = f_t \, c_{t-1} + i_t \, g_t \qquad\qquad h_t = z_t \, h_{t-1} + (1 - z_t) \, g_t$$
#
# Along $c$ the factor of a step is simply $f_t$, and in a GRU there is $z_t$, unit by unit, with no matrix and no
# slope. A gate near 1 lets the gradient pass. But a gate is a sigmoid, and before training it knows nothing: with bias
# 0 it stands at ½.

# %%
for bias in [0, 1, 3, 5]:
    gate = 1 / (1 + np.exp(-bias))
    print(f"bias {bias}: gate {gate:.3f}, after 60 steps {gate**60:.1e}")

# %% [markdown]
# So an LSTM with a bias of 0 starts out forgetting half of everything at each piece. That is why its forget gate is
# mostly started with a bias of 1 (Gers et al. 2000; Jozefowicz et al. 2015), here as in Keras. Is that enough?

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
# The second surprise: before training, **the gated cells do not hold**. The GRU, its update gate at ½, loses more than
# a third a step (a half at the gate, of which a little comes back through $U$) and falls far below vanilla. The LSTM
# with bias 1 does better than with bias 0 by orders of magnitude, but it vanishes too, only more slowly. What gates
# offer is not a gradient that holds by itself, but a *knob*: with bias 5 both hold to the first piece.
#
# Two details. The LSTM drops steeply in the first step and then bends: from $h_{T-1}$ the gradient must first pass
# through the gates into $c$, which costs most of it, and from there it loses far less. And with bias 5 it even rises
# further back: what stays in the memory is read again through $U$ by every later step, and all these ways back add up.
#
# ## Trained
#
# Now the cells that have been trained on this corpus: on the left a fresh one of each kind, on the right the trained,
# both reading the vectors that the model has learnt (those that training starts with are smaller). The LSTM is always
# there. For the others run `make all CELL=gru` and `make all CELL=vanilla` first; `make explain` draws the same figure.

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
# Look at the LSTM: training has lifted its far end by orders of magnitude. **It has learnt to hold.** It did not start
# that way, it had a knob that training could turn.
#
# If you have trained the other two as well, you should see vanilla go the other way. Best before training, it has lost
# most of what came back: to be of use its states had to become large, and there tanh is flat. Its good start was the
# good start of a network that does not do anything yet. The GRU, worst at the start, ends on top.
#
# At the far end vanilla and the LSTM may come out close together. Do they know as much, then? `make compare` says that
# they don't. That a gradient arrives says what a cell *could* learn from, not what it has learnt.
#
# ## Along the memory, or around it?
#
# It is tempting to conclude: so the forget gates are near 1, and the gradient travels along $c$. Let us check. From
# $h_{T-d}$ it must enter the memory through the gates of the next step; from there on, along $c$ alone, each unit is
# multiplied by the $d - 1$ forget gates that follow. We measure this way by itself: the same flow, but of all later
# states only $c$ passes its gradient on.

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
# Over one step the two are the same: there is no later $h$. But after five steps the way along $c$ carries only about
# half of the flow, after twenty a small part, and from the first piece next to nothing. The rest has **not** come along
# $c$ alone: it left the memory on the way through the output gate, went through $U$ and the gates, and was written
# back. The textbook's conveyor belt is the smaller part of the story. The larger is a loop through the whole cell that
# has learnt not to shrink what it carries.

# %% [markdown]
# ## Copy what stands far away
#
# Where no gradient arrives, nothing is learnt, we said. Let us put it to the test. Somewhere among noise stands a symbol, and
# after reading to the end the network must say which of four it was. It stands $d$ steps before the end, with $d$ from 0 to
# 40 equally often. Guessing gives 25 %. Four cells are trained alike, and we draw how often each is right at every distance.

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
# The cells with gates bring back what stood forty steps away (their three lines lie on one another at the top). Vanilla, trained as long on the same examples, doesn't. What
# it lacks is not memory but a *way to learn*: with weights chosen well by hand, it could solve this task too. The gradient
# just doesn't lead it there.

# %% [markdown]
# ## How far to trust this
#
# - A mean over reviews is drawn, and gradients are spread over many orders of magnitude: a few reviews may carry the
#   mean.
# - The gradient starts at the last piece only. In this model the pooling takes the maximum over *all* states, so in
#   training some gradient enters at every piece and has less far to go.
# - What a gradient doesn't show may be remembered all the same. A saturated unit can hold a yes or no for very long,
#   just because small changes don't move it, and that is what makes its gradient vanish. The flow says how well a cell
#   can *learn* from what was long ago, not how much it knows of it. Train `min_gru` too: from the first piece next to
#   nothing comes back, and yet `make compare` has it far above vanilla.
#
# ## Summary
#
# - A step back multiplies the gradient by $\mathrm{diag}(\varphi')\,U$. Over many steps it vanishes or explodes unless
#   the factor is very near 1.
# - For sigmoid it vanishes with any $U$ that training would start with. For tanh an orthogonal $U$ and small inputs put
#   it off, until training makes the states large. For relu a large $U$ makes it explode, and clipping is the cure.
# - A forget gate is a factor that can be learnt. A bias of 1 is a better start than 0, but no more than a start: the
#   LSTM and the GRU hold once they are trained.
# - Even then the memory is not the only way back. Measure, before you repeat a picture.
#
# ## Exercises
#
# 1. At what scale of $U$ does relu neither vanish nor explode? Guess from $\sqrt{1/2}$, then find it with
#    `fresh(..., U=...)`.
# 2. Pass `0.1 * inputs` and `3 * inputs` to an untrained tanh cell. How does the flow depend on them, and what has
#    $1 - h^2$ to do with it?
# 3. In `pipeline/cells/min_gru.py` gates don't see the state. Which single product is its flow? Check it with
#    `gradient_flow` and the `coefficients` of a `MinGRUCell(1)`: of one unit the random vector is 1 or −1. (Mind that
#    its `update` is the share of the *new*.)
#
# <details>
# <summary>Answers</summary>
#
# 1. A step makes it $\sqrt{1/2}$ times as large, so $\sqrt 2 \approx 1.41$ times the $U$ makes up for it. At 1.4 it is
#    indeed within a factor of 100 of 1 after sixty steps.
# 2. The smaller the inputs, the more is left: states near 0 have $1 - h^2$ near 1. With 0.1 times the inputs more than half
#    is left, with 3 times not 1 %.
# 3. In $h_t = (1 - z_t) h_{t-1} + z_t g_t$ neither $z$ nor $g$ sees the state, so the flow is the product of all the $1 - z$
#    that follow. The first value of `coefficients` is $1 - z$. The last cell below checks it.
#
# </details>
#
# ## Sources
#
# - Bengio, Simard & Frasconi 1994, *Learning long-term dependencies with gradient descent is difficult*, IEEE Transactions on
#   Neural Networks 5.
# - Pascanu, Mikolov & Bengio 2013, *On the difficulty of training recurrent neural networks*, section 2 on the product of
#   Jacobians, 3 on clipping.
# - Hochreiter & Schmidhuber 1997, *Long short-term memory*, section 5: the tasks of remembering a symbol from far away.
# - Gers et al. 2000 and Jozefowicz et al. 2015 for the forget gate's bias; Saxe et al. 2014 for the orthogonal start.

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
