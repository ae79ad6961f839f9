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
# # The vanilla RNN: to read order takes a state
#
# - 재미는 챙기고 억지는 버렸다 (*it kept the fun and dropped the forced bits*)
# - 억지는 챙기고 재미는 버렸다 (*it kept the forced bits and dropped the fun*)
#
# Both have the same four words, in another order. Yet the first is praise and the second a complaint. To a model that
# only counts words they are one text. To tell them apart you have to read from left to right and remember what you have
# read so far. That memory is called the *state*. A recurrent neural network (RNN) is a network with a state, and the
# simplest of them is known as the vanilla RNN.
#
# In this chapter you will
#
# 1. see what is lost with the order,
# 2. read four pieces by hand, and check that the package's cell gives the same numbers,
# 3. learn why tanh is there, and not relu or a bare sum, by watching numbers explode.
#
# You need some Python, and to have seen a product of matrices.

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

from pipeline.support.figures import NEGATIVE, NEUTRAL, POSITIVE, figure, save

png = Path((folder := TemporaryDirectory()).name) / "figure.png"
keras.utils.set_random_seed(1)

# %% [markdown]
# ## Counting makes them one text
#
# Give each word a vector: eight random numbers that mean nothing will do here. The simplest way to make one vector of a
# text, without its order, is their mean.

# %%
kept_the_fun, kept_the_rest = "재미는 챙기고 억지는 버렸다", "억지는 챙기고 재미는 버렸다"
random = np.random.default_rng(1)
vectors = {word: random.normal(size=8) for word in kept_the_fun.split()}
fun, rest = (np.array([vectors[word] for word in text.split()]) for text in (kept_the_fun, kept_the_rest))

assert sorted(kept_the_fun.split()) == sorted(kept_the_rest.split())
assert np.allclose(fun.mean(axis=0), rest.mean(axis=0))
print(fun.mean(axis=0).round(3))
print(rest.mean(axis=0).round(3))

# %% [markdown]
# The two lines are the same. However deep a network you put behind the mean, it is given the same and answers the same.
# A sum or a maximum would do no better. The order was gone with the mean.
#
# ## Two equations
#
# At each piece it reads, the vanilla RNN rewrites its state $h$:
#
# $$h_t = \tanh(W_{hh}\, h_{t-1} + W_{xh}\, x_t + b), \qquad y_t = W_{hy}\, h_t$$
#
# $x_t$ is the vector of the piece it reads now, and $h_{t-1}$ the state that the pieces before have left. The new state
# $h_t$ is a blend of the two, and the answer $y_t$ looks at the state alone. **$W_{hh}$, $W_{xh}$ and $b$ are the same at
# every step.** So a longer text needs no more weights, and what is learnt at one place serves at any other.
#
# ## By hand
#
# Let us read four pieces. A piece's vector has two numbers, and so has the state. The weights are simple enough to follow
# with pencil and calculator. Nothing is read at first, so $h_0 = (0, 0)$.

# %%
pieces = ["연기", "가", "진짜", "죽인다"]
x = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, -0.5]])

W_xh = np.array([[0.5, 0.0], [0.2, 0.4]])
W_hh = np.array([[0.6, -0.4], [0.3, 0.7]])
b = np.array([0.1, 0.0])
W_hy = np.array([[1.0, -1.0]])

h, by_hand = np.zeros(2), []
for piece, x_t in zip(pieces, x, strict=True):
    a = W_hh @ h + W_xh @ x_t + b
    h = np.tanh(a)
    by_hand.append(h)
    print(f"a = {a.round(4)}, h = tanh(a) = {h.round(4)}, y = {(W_hy @ h).round(4)}  {piece}")

# %% [markdown]
# Do the first line on paper. $h_0$ is 0 and so is $W_{hh} h_0$; $W_{xh} x_1 = (0.5, 0.2)$ plus $b$ is $a = (0.6, 0.2)$.
# From the second line on, the $h$ of the line above comes in through $W_{hh}$.
#
# ## By the cell
#
# The package's `VanillaCell` (`pipeline/cells/vanilla.py`) writes the same equation as
# $h_t = \varphi(W x_t + b + U h_{t-1})$: its $W$ is $W_{xh}$ and its $U$ is $W_{hh}$. There is one difference: vectors are
# rows in the code, so its matrices are those of the equation transposed.

# %%
from pipeline.cells.vanilla import VanillaCell

cell = VanillaCell(2)
cell.build((None, 2))
cell.set_weights([W_xh.T, W_hh.T, b])

states = cell.get_initial_state(1)
for x_t, expected in zip(x, by_hand, strict=True):
    output, states = cell(x_t[None].astype("float32"), states)
    print(f"{output.numpy()[0].round(6)}  {expected.round(6)}")
    assert np.abs(output.numpy()[0] - expected).max() < 1e-6

# %% [markdown]
# On the left the cell, on the right what we did by hand: the same to the sixth digit. A cell takes one step only. To join
# the steps is the work of the layer around it, `Recurrent`. Give the layer all four pieces, and it returns all four states.

# %%
from pipeline.layers.recurrent import Recurrent

layer = Recurrent(cell, return_sequences=True)
states_of_layer = layer(x[None].astype("float32")).numpy()[0]
assert np.abs(states_of_layer - by_hand).max() < 1e-6

drawing = figure(9, 3.4)
axes = drawing.subplots()
axes.set(xlim=(-0.8, 3.7), ylim=(-0.6, 2.6), xticks=[], yticks=[])
axes.axis("off")
arrow = {"arrowstyle": "->", "color": NEUTRAL}
for t, (piece, h_t) in enumerate(zip(pieces, states_of_layer, strict=True)):
    y_t = float(W_hy[0] @ h_t)
    axes.text(t, 0, f"{piece}\n{x[t]}", ha="center", va="center", bbox={"boxstyle": "round", "fc": "white"})
    axes.text(
        t, 1.1, f"h{t + 1}\n{h_t.round(2)}", ha="center", va="center", bbox={"boxstyle": "round", "fc": "#d1e5f0"}
    )
    axes.text(t, 2.3, f"y{t + 1} = {y_t:.2f}", ha="center", va="center", color=POSITIVE if y_t > 0 else NEGATIVE)
    axes.annotate("", (t, 0.82), (t, 0.3), arrowprops=arrow)
    axes.annotate("", (t, 2.15), (t, 1.4), arrowprops=arrow)
    axes.text(t + 0.04, 0.53, "W_xh", fontsize=8, color=NEUTRAL)
    axes.text(t + 0.04, 1.75, "W_hy", fontsize=8, color=NEUTRAL)
    axes.annotate("", (t - 0.34, 1.1), (t - 0.66, 1.1), arrowprops=arrow)
    axes.text(t - 0.5, 1.2, "W_hh", ha="center", fontsize=8, color=NEUTRAL)
axes.text(-0.8, 1.1, "h0 = 0", ha="center", va="center")
save(drawing, png)
Image(png, width=760)

# %% [markdown]
# This is the cell unrolled over time. There are four boxes, and one cell: see how $W_{xh}$, $W_{hh}$ and $W_{hy}$ on the
# arrows are the same in every column.
#
# How much does it save to use the same weights again and again? Let us compare it with a plain `Dense` layer over forty
# such vectors, laid end to end.

# %%
dense = keras.layers.Dense(2)
dense.build((None, 40 * 2))
layer(np.zeros((1, 40, 2), "float32"))
print(f"weights for 40 pieces: dense {dense.count_params()}, recurrent {layer.count_params()}")
assert (dense.count_params(), layer.count_params()) == (162, 10)

# %% [markdown]
# It is 162 against 10. What is more, `Dense` would have to learn 죽인다 at place thirty all over again after it has learnt it
# at place one.
#
# ## Another order, another state
#
# Now let a cell of six units read the two texts from the top. It is untrained: its weights are random. Time runs to the
# right, each row is a unit, blue is positive and red negative.

# %%
reader = Recurrent(VanillaCell(6), return_sequences=True)
read_fun, read_rest = reader(np.float32([fun, rest])).numpy()

drawing = figure(9, 3)
for axes, text, states in zip(
    drawing.subplots(1, 2), (kept_the_fun, kept_the_rest), (read_fun, read_rest), strict=True
):
    axes.imshow(states.T, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
    axes.set_xticks(range(4), text.split())
    axes.set(title=text, yticks=[])
save(drawing, png)

assert np.abs(read_fun[-1] - read_rest[-1]).max() > 0.1
Image(png, width=760)

# %% [markdown]
# Compare the last columns: the two texts leave different states. The cell has learnt nothing and can't say which of them
# is praise, but it does know that **they are not the same text.** Which is praise, training can settle by its choice of
# $W$. With the mean there was nothing to choose.
#
# ## Why tanh
#
# Why not leave tanh out, and just add, $h_t = W_{hh} h_{t-1} + \cdots$? Each step multiplies by $W_{hh}$, so $h$ follows
# the powers of $W_{hh}$. Where powers lead is told by the eigenvalues $\lambda$: with $|\lambda| > 1$ each step makes it
# $|\lambda|$ times as large, with $|\lambda| < 1$ it shrinks.
#
# Let $W_{hh}$ turn a vector and make it 0.9, 1 or 1.1 times as long, and walk a hundred steps: with a bare sum, with relu
# and with tanh. There is an input at the first step, and zeros after it.

# %%
STEPS = 100
start = np.zeros((1, STEPS, 2), "float32")
start[0, 0] = [0.5, 0.5]
turn = np.array([[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]])


def walk(U, activation):
    """The length of h after each step."""
    if activation == "sum":
        return np.array([np.linalg.norm(np.linalg.matrix_power(U, t) @ start[0, 0]) for t in range(STEPS)])
    cell = VanillaCell(2, activation=activation)
    cell.build((None, 2))
    cell.set_weights([np.eye(2), U.T, np.zeros(2)])
    return np.linalg.norm(Recurrent(cell, return_sequences=True)(start).numpy()[0], axis=1)


lengths = {}
drawing = figure(11, 3.4)
for axes, activation in zip(drawing.subplots(1, 3, sharey=True), ("sum", "relu", "tanh"), strict=True):
    for scale, colour in [(0.9, NEGATIVE), (1.0, NEUTRAL), (1.1, POSITIVE)]:
        U = scale * (np.eye(2) if activation == "relu" else turn)
        assert np.allclose(np.abs(np.linalg.eigvals(U)), scale)
        lengths[activation, scale] = walk(U, activation)
        axes.plot(lengths[activation, scale], color=colour, label=f"|λ| = {scale}")
    axes.set(title=activation, yscale="log", xlabel="걸음 · step")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
axes.legend(frameon=False)
drawing.supylabel("|h|")
save(drawing, png)

print(f"1.1 to the power of 99: {1.1**99:.0f} times; sum: {lengths['sum', 1.1][-1] / lengths['sum', 1.1][0]:.0f} times")
print(f"tanh, |λ| = 1.1: at most {lengths['tanh', 1.1].max():.2f}, at the end {lengths['tanh', 1.1][-1]:.2f}")
assert np.isclose(lengths["sum", 1.1][-1] / lengths["sum", 1.1][0], 1.1**99, rtol=1e-3)
assert np.isclose(lengths["relu", 1.1][-1] / lengths["relu", 1.1][0], 1.1**99, rtol=1e-3)
assert max(values.max() for (activation, _), values in lengths.items() if activation == "tanh") < 1
Image(png, width=900)

# %% [markdown]
# The vertical scale is logarithmic. With the bare sum and with relu, $|\lambda| = 1.1$ makes it more than ten thousand
# times as large in ninety-nine steps; a little later the numbers overflow to `inf`. Above zero relu holds nothing down, so
# it is no different from the sum (its matrix here doesn't turn, so that nothing becomes negative). **tanh presses
# everything between −1 and 1.** With the same 1.1, $|h|$ never exceeds 1 and stays near one value. However long the state goes
# round, its size is no worry.
#
# tanh differs from sigmoid, too: it is centred on 0 and uses both signs, while a state of sigmoids is always above 0.
#
# So is all well? No. Look at the line of 0.9: tanh or not, what was read first fades. And tanh's pressing has a price:
# where it presses, the gradient dies. [The next chapter](02_gradients.py) measures it.

# %% [markdown]
# ## Summary
#
# - Pooled without order, texts of the same words are the same text. To read order takes a state.
# - One step of the vanilla RNN is $h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t + b)$, and its answer is $y_t = W_{hy} h_t$.
# - The weights are the same at every step, so a longer text needs no more of them.
# - Where $W_{hh}$ has an eigenvalue above 1, the sum and relu explode. tanh holds the state between −1 and 1.
#
# ## Exercises
#
# 1. What is $y$ after 죽인다 alone, from $h_0 = 0$? Compare it with the $y$ after all four pieces. What has made the difference?
# 2. Let $W_{hh}$ be 0. What does this network remember? On which piece alone does the last state depend?
# 3. Pass `walk` the matrix $2I$, which doesn't turn, with tanh. Each unit's state goes to a value with $h = \tanh(2h)$. Find
#    it. What is $|h|$?
#
# <details>
# <summary>Answers</summary>
#
# 1. $a = W_{xh} x_4 + b = (0.35, -0.1)$, so $y = \tanh 0.35 - \tanh(-0.1) = 0.44$. After all four it was −0.23: the same
#    piece, with another sign. What turned it round is what the first three had left in $h_3$.
# 2. Nothing. $h_t = \tanh(W_{xh} x_t + b)$, so the last state depends on the last piece alone. In a recurrent network only
#    $W_{hh}$ carries memory.
# 3. Repeat $h \leftarrow \tanh(2h)$, and it goes to 0.9575 (some twenty times from `h = 0.5`). Both numbers have that value, so
#    $|h| = 0.9575\sqrt 2 = 1.354$.
#
# </details>
#
# ## Sources
#
# - Elman 1990, *Finding structure in time*, Cognitive Science 14: the hidden state of one step is given back as input to the
#   next (figure 2).
# - Goodfellow, Bengio & Courville 2016, *Deep Learning*, section 10.2: equations (10.8) to (10.10) are the two of this chapter.
#   Section 10.1 has the unrolled picture, section 10.7 powers and eigenvalues.
# - The two texts are a minimal pair of `pipeline/evidence/pairs/ko.yaml`.

# %%
# 답에 나온 수를 확인한다 · The numbers of the answers, checked
assert np.round(W_hy @ np.tanh(W_xh @ x[3] + b), 2) == [0.44] and np.round(W_hy @ by_hand[-1], 2) == [-0.23]
assert np.isclose(walk(2 * np.eye(2), "tanh")[-1], 0.9575 * np.sqrt(2), atol=1e-3)
