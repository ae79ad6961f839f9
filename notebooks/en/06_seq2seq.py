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
# # Encoder and decoder (Seq2Seq)
#
# So far our networks have read a text and given one answer. What if they are to read a text and **write one**, as in
# translation or summaries? One reads, another writes. An *encoder* reads to the end and leaves its last state; a *decoder* starts
# from that state and writes a character at a time. It turns a sequence into a sequence, hence *Seq2Seq* (Sutskever et al. 2014,
# Cho et al. 2014).
#
# In this chapter you will
#
# 1. train, to the end, a small model that reads numbers out in Korean: given `7892`, it writes 칠천팔백구십이,
# 2. follow teacher forcing, greedy search and beam search step by step,
# 3. measure with the project's sequence autoencoder how much of a text a state can hold, by length,
# 4. measure whether what it learns helps the classifier.

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

from pipeline.cells.lstm import LSTMCell
from pipeline.layers.recurrent import Recurrent
from pipeline.support.figures import NEUTRAL, POSITIVE, figure, save

png = Path((folder := TemporaryDirectory()).name) / "figure.png"
data = Path(os.environ.get("ARTIFACTS", "artifacts")) / "maekrak"

# %% [markdown]
# ## The task: read a number out
#
# The rule for 1 to 9999 in Korean is simple: at each place, the digit and then 천 (*thousand*), 백 (*hundred*) or 십 (*ten*);
# a 1 is read at the last place only, and a 0 never. So are the right answers made. The model doesn't know the rule, it sees
# examples.


# %%
def read_out(number):
    """The number in Korean."""
    text = ""
    for digit, unit in zip(f"{number:04}", ["천", "백", "십", ""], strict=True):
        if digit != "0":
            text += ("" if digit == "1" and unit else " 일이삼사오육칠팔구"[int(digit)]) + unit
    return text


DIGITS, LETTERS = (
    " 0123456789",
    " 일이삼사오육칠팔구십백천",
)  # the place in the string is the id; 0 is padding and the ends


def to_ids(texts, alphabet):
    """Ids of the texts, padded with 0 to one length."""
    longest = max(map(len, texts))
    return np.array([[alphabet.index(letter) for letter in text.ljust(longest)] for text in texts])


numbers = np.random.default_rng(1).permutation(np.arange(1, 10_000))
known, unseen = numbers[:4500], numbers[4500:5500]
for number in (7892, 1010, 306):
    print(number, read_out(number))
assert read_out(7892) == "칠천팔백구십이" and not set(known) & set(unseen)

# %% [markdown]
# ## The encoder and the decoder
#
# Both are the LSTM of [chapter 3](03_lstm.py), and all that joins them is `initial_state`. At each step the decoder is given
# **the letter before** and predicts the next. In training it gets the *right* letter before, whatever it would have written
# itself. That is **teacher forcing**: one mistake doesn't spoil all that follows, so it learns fast, and all steps can be computed
# at once.

# %%
keras.utils.set_random_seed(1)
encoder = Recurrent(LSTMCell(64), return_state=True)
decoder = Recurrent(LSTMCell(64), return_sequences=True, return_state=True)
read_digits, read_letters = keras.layers.Embedding(len(DIGITS), 16), keras.layers.Embedding(len(LETTERS), 16)
to_letters = keras.layers.Dense(len(LETTERS))

digits, before = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
_, *states = encoder(read_digits(digits), mask=keras.ops.not_equal(digits, 0))
outputs, *_ = decoder(read_letters(before), initial_state=states)
reader = keras.Model([digits, before], to_letters(outputs))
reader.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))


def pairs(numbers):
    """What the model is given, and what it is to answer: the letters after their start, and with their end."""
    letters = np.pad(to_ids([read_out(number) for number in numbers], LETTERS), [(0, 0), (1, 1)])
    return [to_ids(list(map(str, numbers)), DIGITS), letters[:, :-1]], letters[:, 1:]


example, target = pairs([7892])
print("encoder:", str(7892))
print("decoder, given: ", [LETTERS[i] for i in example[1][0]])
print("decoder, to say:", [LETTERS[i] for i in target[0]])

# %% [markdown]
# What is given and what is to be said are one place apart. The blank stands for the start and the end.
#
# ## Writing alone
#
# When it has learnt, nobody tells it the right letter. It gets the letter that it has just written itself. To take the likeliest
# letter at each step, and no other, is **greedy search**.


# %%
def write(numbers, steps=9):
    """Greedy search: the texts, and the probabilities of all letters at each step [texts, steps, letters]."""
    _, *states = encoder(read_digits(ids := to_ids(list(map(str, numbers)), DIGITS)), mask=ids != 0)
    letters, probabilities = np.zeros((len(numbers), 1), int), []
    for _ in range(steps):
        output, *states = decoder(read_letters(letters[:, -1:]), initial_state=states)
        probabilities.append(keras.ops.softmax(to_letters(output[:, 0])).numpy())
        letters = np.append(letters, probabilities[-1].argmax(axis=1)[:, None], axis=1)
    texts = ["".join(LETTERS[i] for i in row[1:]).split(" ")[0] for row in letters]
    return texts, np.stack(probabilities, axis=1)


def share_right(numbers):
    """The share of numbers that are read out without a mistake."""
    return np.mean([text == read_out(number) for text, number in zip(write(numbers)[0], numbers, strict=True)])


given, answers = pairs(known)
learning = [share_right(unseen)]
for _ in range(12):
    reader.fit(given, answers, batch_size=64, verbose=0)
    learning.append(share_right(unseen))
    if learning[-1] > 0.995:
        break

drawing = figure(6, 2.8)
axes = drawing.subplots()
axes.plot(learning, color=POSITIVE, marker="o")
axes.set(xlabel="에포크 · epochs", ylabel="다 맞은 수 · all right", ylim=(-0.05, 1.05))
save(drawing, png)
print(f"{learning[-1]:.1%} of {len(unseen)} unseen numbers are read out without a mistake")
assert learning[0] == 0 and learning[-1] > 0.97
Image(png, width=480)

# %% [markdown]
# It reads nearly all numbers without a mistake, though it has seen none of these, and nobody told it the rule. Here are the
# probabilities that it gives each letter while it writes 7892.

# %%
(text,), (probabilities,) = write([7892])
drawing = figure(7, 4)
axes = drawing.subplots()
axes.imshow(probabilities[: len(text) + 1].T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
axes.set_xticks(range(len(text) + 1), [*text, "끝 · end"])
axes.set_yticks(range(len(LETTERS)), ["끝 · end", *LETTERS[1:]])
axes.set(title=f"7892 → {text}")
save(drawing, png)
Image(png, width=560)

# %% [markdown]
# One field of each column is dark: it doesn't hesitate. Follow digits and places taking turns. But what if the task is not so
# easy? Let it read real reviews now.
#
# ## The sequence autoencoder
#
# Read a text and **write the same text again**: that needs no labels. It is the *sequence autoencoder* (Dai & Le 2015,
# `pipeline/objectives/seq2seq.py`). We train a very small one, on the two thousand shortest reviews.

# %%
from pipeline.config.overlays import load_config
from pipeline.objectives.fitting import fit
from pipeline.serving.reconstruction import load_reconstructor
from pipeline.text.reviews import read_reviews
from pipeline.text.tokenizer import Tokenizer

train, dev = read_reviews(data / "ingest", "train"), read_reviews(data / "ingest", "dev")
shortest = np.argsort([len(text) for text in train.texts], kind="stable")[:2000]
texts = [train.texts[row] for row in shortest]
new = sorted(dev.texts, key=len)[:100]

tiny = "pretrain.epochs=8 pretrain.learning_rate=0.01 pretrain.max_tokens_per_batch=512 pretrain.negatives=256"
config = load_config("maekrak", "lstm", f"pretrain.objective=seq2seq {tiny}").pretrain
pretrained = Path(folder.name) / "pretrained"
pretrained.mkdir()
done = fit(config, texts, new, data / "tokenize", pretrained)
tokenizer = Tokenizer(data / "tokenize")  # to set a seed, as fit does, empties the caches of TensorFlow
autoencoder = load_reconstructor(config, tokenizer, pretrained)

# %% [markdown]
# `dev_piece_accuracy` is the share of pieces that are right where the pieces before are told (teacher forcing),
# `dev_greedy_accuracy` the share in the right place where it writes alone: then one mistake leads to the next.

# %%
for text in [*texts[500:502], *new[:2]]:
    (greedy,), (beam,) = autoencoder.reconstruct([text], 1), autoencoder.reconstruct([text], 4)
    print(f"\n       {text}")
    print(f"greedy {greedy.text}  {greedy.log_probability:.1f}\nbeam   {beam.text}  {beam.log_probability:.1f}")

# %% [markdown]
# Compare what it writes with what it has read. The tone, and whether it praises or complains, mostly stay; words turn into those of
# the texts it has learnt from. See also that the text that beam search finds often has the higher log probability.
#
# ## Beam search, step by step
#
# Greedy search can't take back a first piece that was chosen badly. **Beam search** goes on with the likeliest few texts so far, side
# by side. At each step it looks at all of them with one more piece, and keeps a few of these again. Let us do one of width 3 by hand,
# with the decoder's own `step`.

# %%
import itertools

import tensorflow as tf

from pipeline.text.batching import encode, pad

WIDTH = 3
model = autoencoder.model
greedy, beam = autoencoder.reconstruct(new, 1), autoencoder.reconstruct(new, WIDTH)
row = next(n for n in range(len(new)) if beam[n].log_probability > greedy[n].log_probability + 0.5)

read = pad(encode(tokenizer, [new[row]], config.max_length))
embeddings = model.embedding(tf.range(model.vocabulary))
states = model.encode(model.embedding(read), read != 0)
last, scores, steps = np.array([0]), np.array([0.0]), []
for _ in range(2 * read.shape[1]):
    log_p, states = model.step(tf.constant(last, tf.int32), states, embeddings)
    log_p = log_p.numpy()
    if steps:
        log_p[last == 0] = [0.0] + [-np.inf] * (model.vocabulary - 1)  # a text that has ended stays as it is
    totals = (scores[:, None] + log_p).ravel()
    best = np.argsort(-totals, kind="stable")[:WIDTH]
    parents, last = np.divmod(best, model.vocabulary)
    scores = totals[best]
    states = [[tf.gather(state, parents) for state in layer] for layer in states]
    steps.append((parents, last, scores))
    if not last.any():
        break

drawing = figure(1.1 * len(steps) + 1, 3.2)
axes = drawing.subplots()
path = [0]
for parents, _, _ in steps[::-1]:
    path.append(int(parents[path[-1]]))
path = path[::-1][1:]
for step, (parents, found, totals) in enumerate(steps):
    for rank, (parent, piece, total) in enumerate(zip(parents, found, totals, strict=True)):
        chosen = path[step] == rank
        if step:
            axes.plot([step - 1, step], [-parent, -rank], color=POSITIVE if chosen else "#cccccc", zorder=0)
        label = tokenizer.vocabulary[piece].replace("▁", "_") if piece else "끝 · end"
        box = {"boxstyle": "round", "fc": "#d1e5f0" if chosen else "white", "ec": "none"}
        axes.text(step, -rank, f"{label}\n{total:.1f}", ha="center", va="center", fontsize=9, bbox=box)
axes.set(xlim=(-0.6, len(steps) - 0.4), ylim=(-WIDTH + 0.4, 0.6), title=f"{new[row]} → {beam[row].text}")
axes.axis("off")
save(drawing, png)

print(
    f"greedy {greedy[row].log_probability:.1f}  {greedy[row].text}\nbeam   {beam[row].log_probability:.1f}  {beam[row].text}"
)
assert np.isclose(steps[-1][2][0], beam[row].log_probability, atol=1e-3)
Image(png, width=900)

# %% [markdown]
# Each field has a piece, and the log probability of the text so far. Lines show which text it goes on from; where a grey line ends,
# that text was not among the three and was dropped. The blue path has lived to the end, and its score is that of the package's
# `generate`. It is a likelier text than that of greedy search. A wider beam doesn't always give a *better* text, though: only a
# *likelier* one.
#
# ## What the bottleneck forgets
#
# The text has to fit into two vectors of 96 numbers, $h$ and $c$, whether it has three pieces or thirty. Let it write again what it has
# learnt from, and draw the share of pieces in their place, by length.

# %%
originals = pad(encode(tokenizer, texts[::4], config.max_length)).numpy()
written, _ = model.generate(originals, beams=1, limit=originals.shape[1])
written = np.pad(written, [(0, 0), (0, originals.shape[1] - written.shape[1])])
lengths = (originals != 0).sum(axis=1)
in_place = ((written == originals) & (originals != 0)).sum(axis=1) / lengths

edges = [0, 10, 14, 18, 22, 26, 40]
groups = [in_place[(lengths >= low) & (lengths < high)] for low, high in itertools.pairwise(edges)]
names = [f"{low}-{high - 1}" for low, high in itertools.pairwise(edges)]
drawing = figure(7, 3)
axes = drawing.subplots()
bars = axes.bar(names, [group.mean() for group in groups], color=POSITIVE)
axes.bar_label(bars, [f"{group.mean():.0%}" for group in groups])
axes.set(xlabel="조각의 수 · pieces", ylabel="제자리에 온 조각 · in their place", ylim=(0, 0.7))
save(drawing, png)
assert groups[0].mean() > 1.5 * groups[-1].mean()
Image(png, width=560)

# %% [markdown]
# The longer, the less is left. This is the **bottleneck** of Seq2Seq. In translation, too, quality fell with the length of sentences
# (Cho et al. 2014), and so came *attention*, by which a decoder looks back at all states of the encoder and not its last alone
# (Bahdanau et al. 2015). What followed is beyond this course.
#
# ## Does it help the classifier?
#
# To write texts again is not what we are after. Is a classifier better off if it starts from the embedding and the LSTM that have learnt
# to? Take the same two thousand reviews, with their labels this time, and compare it with one that starts from nothing. All else
# is the same, seed and all.

# %%
from pipeline.model.classifier import build_classifier
from pipeline.model.pretrained import load_pretrained
from pipeline.train import fit as fit_classifier

short_dev = np.argsort([len(text) for text in dev.texts], kind="stable")[:300]
ids = {"train": encode(tokenizer, texts, 128), "dev": encode(tokenizer, [dev.texts[row] for row in short_dev], 128)}
labels = {"train": train.labels[shortest], "dev": dev.labels[short_dev]}
learning = load_config("maekrak", "lstm", "train.epochs=4 train.max_tokens_per_batch=512").train

curves = {}
for start in ("맨손 · from nothing", "미리 배운 것 · pretrained"):
    keras.utils.set_random_seed(1)
    network = build_classifier(learning, len(tokenizer.vocabulary))
    if "pretrained" in start:
        load_pretrained(network, pretrained)
    tokenizer = Tokenizer(data / "tokenize")  # again for the seed
    fitted = fit_classifier(network, learning, tokenizer, ids, labels, Path(folder.name) / f"{len(curves)}.npz")
    curves[start] = fitted.history
drawing = figure(10, 3.2)
for axes, metric in zip(drawing.subplots(1, 2), ("val_accuracy", "val_loss"), strict=True):
    for (start, history), colour in zip(curves.items(), (NEUTRAL, POSITIVE), strict=True):
        axes.plot(range(1, 5), history[metric], color=colour, marker="o", label=start)
    axes.set(title=metric.replace("val_", "dev "), xlabel="에포크 · epochs", xticks=range(1, 5))
axes.legend(frameon=False)
save(drawing, png)
best = [max(history["val_accuracy"]) for history in curves.values()]
print({start: f"{accuracy:.1%}" for start, accuracy in zip(curves, best, strict=True)})
assert best[1] < best[0]
Image(png, width=820)

# %% [markdown]
# A surprise: **here it did not help. It fell behind.** You don't know until you measure. Why? This is a guess. First, this corpus is
# made so that *order* decides whose opinion wins. To write a text again it matters to keep each word, and not to know who has won.
# Second, the texts it learnt from beforehand are the same two thousand that come with labels. What Dai & Le 2015 gained, they gained
# with many more texts without labels. So `pretrain.objective` is `none` for `maekrak`, while for Naver's reviews, which are many, the
# model does learn beforehand; what it brings there stands in [the room of the model](../../pipeline/model/README.md). What helped in
# another's paper has to be measured again on your own data.
#
# ## Summary
#
# - The encoder reads and leaves its last state; the decoder starts from it and writes. The state is all that joins them.
# - In training it is given the right letter before (teacher forcing); when it writes, the one that it has written.
# - Greedy search goes on with one text, beam search with a few. What a beam finds is likelier; nothing promises that it is better.
# - The longer the text, the harder it is to bring back from one state. Out of this bottleneck came attention.
# - Whether learning beforehand helps depends on the data. Here it didn't.
#
# ## Exercises
#
# 1. If the decoder's input were not one place behind, but the very letter that it is to say, what would the loss be in training? And when
#    it writes alone?
# 2. What is beam search of width 1? Would a width as large as the vocabulary always find the likeliest text?
# 3. With 3,000 pieces, how many bits does it take to tell one text of thirty pieces from all others? The state has 192 numbers of 32 bits.
#    Is the bottleneck too small a vessel?
#
# <details>
# <summary>Answers</summary>
#
# 1. It would soon be 0. Copying the answer is enough, and there is no reason to look at the encoder. Alone, with nothing to copy, it
#    can't write anything.
# 2. Greedy search. A width as large as the vocabulary is sure for two steps only; from the third on, texts are dropped. To look at all, the
#    width would have to grow by a factor of the vocabulary at each step.
# 3. $30 \log_2 3000 \approx 347$ bits. The state has $192 \times 32 = 6144$, so the vessel is large enough. What lacks is the chance to
#    learn how to put it in and take it out: in a longer text the gradient has further to go, and there are fewer examples.
#
# </details>
#
# ## Sources
#
# - Sutskever, Vinyals & Le 2014, *Sequence to sequence learning with neural networks*, NeurIPS, section 2, and 3.2 on beam search.
# - Cho et al. 2014, *On the properties of neural machine translation: encoder–decoder approaches*, SSST: quality falls with length.
# - Williams & Zipser 1989, *A learning algorithm for continually running fully recurrent neural networks*: teacher forcing.
# - Dai & Le 2015, *Semi-supervised sequence learning*, NeurIPS, section 2: the sequence autoencoder.
# - Bahdanau, Cho & Bengio 2015, *Neural machine translation by jointly learning to align and translate*, ICLR: attention.

# %%
# 답에 나온 수를 확인한다 · The numbers of the answers, checked
assert round(30 * np.log2(3000)) == 347 and len(tokenizer.vocabulary) == 3000
assert 2 * config.network.units[0] * 32 == 6144
