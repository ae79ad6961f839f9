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
# # 죽인다! Context decides the meaning
#
# 죽인다! (*juginda*, literally "it kills") is a threat or a rave. The letters alone don't tell which.
#
# - 배우들 연기가 진짜 **죽인다!** "The acting absolutely kills!"
# - 두 시간 동안 시간만 **죽인다!** "For two hours all it kills is time!"
#
# The first is the highest praise, the second a complaint about wasted time. What tells them apart is not 죽인다 but
# the words around it: the *context*, in Korean 맥락, *maekrak*. This notebook starts from the corpus and follows a
# recurrent network up to the moment when, reading piece by piece, it makes up its mind. On the way it answers the
# three questions of this project.
#
# 1. Does a phrase such as 죽인다 really say nothing by itself?
# 2. How far does a model get that only counts words, and where is it stuck?
# 3. What more can a model do that remembers what it has read?
#
# The training is done: `make all` did it. The result of each stage is in `artifacts/`, sealed by a manifest that says
# what it was made of and how. We open the manifest of the evaluation first. If that fails because the file is missing,
# run `make all` once in a terminal.

# %%
import os
from pathlib import Path

os.chdir(next(folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "Makefile").is_file()))

from pipeline.artifact.manifest import read_manifest
from pipeline.support.environment import prepare_environment

prepare_environment()  # before the first import of Keras
data = Path(os.environ.get("ARTIFACTS", "artifacts")) / "maekrak"
lstm = data / "lstm"
evaluated = read_manifest(lstm / "evaluate")

# %% [markdown]
# ## The corpus
#
# The reviews come from `maekrak`, the corpus that is part of this project: short film reviews, each labelled as good
# or bad. No audience wrote them. They were composed so that the same phrase stands in good reviews and in bad ones
# alike. Here are the ten shortest reviews of the training split that contain 죽인다.

# %%
from pipeline.text.reviews import read_reviews

train = read_reviews(data / "ingest", "train")
found = [(text, label) for text, label in zip(train.texts, train.labels, strict=True) if "죽인다" in text]
for text, label in sorted(found, key=lambda review: len(review[0]))[:10]:
    print("pos" if label else "neg", text)

# %% [markdown]
# A 죽인다 that praises (`pos`) and a 죽인다 that grumbles (`neg`) stand side by side, some in pairs that differ in a
# word or two: 연기가 is "the acting", 시간만 is "only time". The misspellings and emoticons are there on purpose.
#
# Could we tell the label from the mere presence of 죽인다, then? Let us count how many of the reviews that contain it
# are good. We also count five phrases that are as ambiguous (*it's crazy*, *one for the ages*, *goosebumps*, *no
# joke*, *stunning*) and three that are not (시간만, 연기가, and 국어책, *a schoolbook reader*, which is what wooden
# acting sounds like).

# %%
for phrase in ["죽인다", "미쳤", "역대급", "소름", "장난 아니", "기가 막", "시간만", "연기가", "국어책"]:
    labels = [label for text, label in zip(train.texts, train.labels, strict=True) if phrase in text]
    print(f"{labels.count(1):4} of {len(labels):4} positive: {labels.count(1) / len(labels):.2f}  {phrase}")

# %% [markdown]
# The ambiguous phrases are all good about half of the time. That is a coin toss: **the phrase alone says nothing.**
# But 시간만, 연기가 and 국어책 lean to one side. The clue is not in 죽인다, it is beside it.
#
# ## A bag of words
#
# If the words beside it are the clue, isn't it enough to count which words are there? A model that does so is called a
# bag of words. The baseline of this project is one of the cleverer kind. It counts words, pairs of neighbouring words,
# and up to four letters in a row within words, weighs them by TF-IDF, and adds them up by logistic regression. We fit
# it again with the settings of the evaluation (about ten seconds) and let it read our two sentences. It prints the
# probability that a review is good.

# %%
from pipeline.config.schema import BaselineConfig
from pipeline.evidence.baseline import baseline_positive, fit_baseline

baseline = fit_baseline(BaselineConfig(**evaluated.config["baseline"]), train)

rave, complaint = "배우들 연기가 진짜 죽인다!", "두 시간 동안 시간만 죽인다!"
for text, probability in zip([rave, complaint], baseline_positive(baseline, [rave, complaint]), strict=True):
    print(f"{probability:.2f}  {text}")

# %% [markdown]
# Well done! 연기가 pulled one way and 시간만 the other: where praise or blame stands openly beside the phrase,
# counting is enough. But not every review is that kind. On the whole test split, reviews that neither has seen, the
# manifest says how many the baseline and the network got right.

# %%
for name in ["baseline_test_accuracy", "test_accuracy"]:
    print(f"{evaluated.metrics[name]:.1%}  {name}")

# %% [markdown]
# That is a wide gap. What does the network see that the baseline can't? Let us read what the network reads.
#
# ## Pieces
#
# The network reads neither letters nor words but *pieces*: groups of letters that are frequent in the training
# reviews, found by SentencePiece on its own. In Korean a noun and its particle, such as 연기 and 가, mostly come apart
# by themselves. A `▁` marks where a new word begins.

# %%
from pipeline.support.silenced_stderr import silenced_stderr

with silenced_stderr():
    from pipeline.text.tokenizer import Tokenizer

pieces = Tokenizer(data / "tokenize")
for text in [rave, complaint]:
    print(len(pieces.split(text)), pieces.split(text))

# %% [markdown]
# Both sentences hold the very same piece, `▁죽인다`. What is frequent becomes one piece as a whole, and what is rare
# may fall into single letters.
#
# ## Reading piece by piece
#
# The model is simple. It looks up a vector for each piece and feeds them to an LSTM, one after the other. With each
# piece the LSTM rewrites its *state*, which holds what it has read so far. The maximum of these states, taken unit by
# unit, is a vector that the probability of a good review is computed from. First we cut off all context and let it
# read 죽인다! alone.

# %%
from pipeline.model.inference import predict_proba
from pipeline.model.saving import load
from pipeline.report.gates import draw_gates, trace_gates
from pipeline.report.prefix_predictions import read_prefixes
from pipeline.report.reading_figures import draw_readings

model = load(lstm / "train")
print(f"{predict_proba(model, pieces.encode(['죽인다!']))[0]:.2f}  죽인다!")

# %% [markdown]
# Not far from 0.5: as in our count, the network can't decide by this phrase alone either.
#
# Now the two sentences from the start, piece by piece. `read_prefixes` gives the probability after the first piece
# alone, after the first two, and so on to the end. Blue dots lean to good, red ones to bad.

# %%
from tempfile import TemporaryDirectory

from IPython.display import Image

figures = TemporaryDirectory()
png = Path(figures.name) / "figure.png"

readings = [read_prefixes(model, pieces, text, max_length=128) for text in (rave, complaint)]
draw_readings(png, readings)
Image(png, width=800)

# %% [markdown]
# Both start near the middle and part at the pieces that bring the context. By the time 죽인다 comes, the matter is
# settled. People do the same: having heard "the acting absolutely…", we know that the "kills" to come is praise.
#
# ## The same words in another order
#
# But the baseline got these two right as well. To tell the two models apart we need reviews **with the same words, in
# another order, and opposite labels**. To a model that ignores order, two such texts are one. The test split has many
# such pairs. We find them by sorting the words of each review and grouping the reviews that become equal.

# %%
from collections import defaultdict

test = read_reviews(data / "ingest", "test")
same_words = defaultdict(dict)
for text, label in zip(test.texts, test.labels, strict=True):
    same_words[tuple(sorted(text.split()))][int(label)] = text

pairs = sorted([(pair[1], pair[0]) for pair in same_words.values() if len(pair) == 2], key=lambda pair: len(pair[0]))
print(len(pairs), "pairs")
for pos, neg in pairs[:3]:
    print(f"\npos {pos}\nneg {neg}")

# %% [markdown]
# A praise and a complaint changed places, and the verdict turned round. Which of the two remains is decided by words
# such as 그럼에도 ("even so") and 두 번째가 이겼어 ("the second one won").
#
# On such pairs we measure *consistency*: a pair counts only if **both** texts are right. Guessing gets one pair in
# four (25 %), and giving both texts the same answer gets none.

# %%
from pipeline.evidence.metrics import both_right

good, bad = zip(*pairs, strict=True)
on_good, on_bad = predict_proba(model, pieces.encode([*good, *bad])).reshape(2, -1)
print(f"{both_right(baseline_positive(baseline, good), baseline_positive(baseline, bad)).mean():.1%}  baseline")
print(f"{both_right(on_good, on_bad).mean():.1%}  network")

# %% [markdown]
# The baseline does worse than guessing. The two texts look nearly the same to it, so it gives them the same answer. It
# does count neighbouring words, but the words that turn the verdict mostly stand further away. The network gets both
# texts right in most pairs. That answers questions 2 and 3.
#
# Let us watch the network read the shortest pair of which it got both texts right.

# %%
right = [n for n in range(len(good)) if on_good[n] >= 0.5 > on_bad[n]]

draw_readings(png, [read_prefixes(model, pieces, text, max_length=128) for text in (good[right[0]], bad[right[0]])])
Image(png, width=800)

# %% [markdown]
# Compare the two curves. The same words move them differently when they come first and when they come last. The
# network leans to the opinion it meets first, and after the words that say which one counts it changes its mind or
# makes it up. Find where the probability crosses 0.5 and read the piece there: that is where context decides the
# meaning.
#
# ## Gates
#
# How does an LSTM hold on to earlier words? With each piece its memory $c$ changes like this (the head of
# `pipeline/cells/lstm.py` has the same equations in the same letters):
#
# $$c_t = f_t \, c_{t-1} + i_t \, g_t, \qquad h_t = o_t \tanh(c_t)$$
#
# The forget gate $f$ says how much of the old memory is kept, the input gate $i$ how much of the new $g$ is written,
# and the output gate $o$ how much of the memory is shown, each as a number between 0 and 1. Here are the gates while
# the network reads the praise.

# %%
gates = trace_gates(model, readings[0].ids)
draw_gates(png, readings[0], gates)
Image(png, width=640)

# %% [markdown]
# This is how to read the figure. A column is a piece, a row is a unit, and the darker, the more open the gate. Where
# an input gate turns dark, that unit wrote this piece down; where a forget gate turns pale, it let go of what it
# remembered. `candidate` is what would be written, $g$, and lies between −1 and 1; the first panel is the memory $c$
# itself, which may grow beyond that. Each panel picks the 24 units that
# vary most in it, so rows at the same height of two panels are not the same unit. It is tempting to give single units
# a meaning. Resist: the figure is a hint, not a proof.
#
# Multiplication is firmer ground. By the equation, what is written at piece $t$ shrinks by a factor $f$ with every
# piece that follows. So the product of all later $f$ is the share of it that is left at the end.

# %%
import numpy as np

for n, piece in enumerate(pieces.split(rave)):
    kept = gates["forget"][n + 1 :].prod(axis=0)
    print(f"median unit {np.median(kept):4.0%}, longest memory {kept.max():4.0%}  {piece}")

# %% [markdown]
# The earlier it was written, the less is left. By the end of the sentence the median unit has lost most of it, but
# some units still hold more than half of what was written at the first piece. In a short text, to remember context
# means that this product does not vanish. In a long one it can also come round through $h$, which the gates
# of the next piece read: the notebook `02_gradients` measures that.
#
# ## How much a state holds
#
# The network hands what it has read to the next piece in its state. Could one write the text out again from that state
# alone? A model that does so is the *sequence autoencoder* (Dai & Le 2015, `pipeline/objectives/seq2seq.py`). An encoder reads the
# review to its end and leaves a final state; a decoder starts from that state, sees nothing else, and writes the review
# out again, piece by piece. It needs no labels: with `pretrain.objective` set to `seq2seq`, the classifier starts from
# an encoder that has learnt this first.
#
# Let us train a very small one on two thousand short reviews (in some 20 s). While it learns, the decoder is given the
# right piece before each, whatever it would have written itself. This is called teacher forcing.

# %%
from pipeline.config.overlays import load_config
from pipeline.objectives.fitting import fit
from pipeline.serving.reconstruction import load_reconstructor

tiny = "pretrain.epochs=4 pretrain.learning_rate=0.01 pretrain.max_tokens_per_batch=512 pretrain.negatives=256"
config = load_config("maekrak", "lstm", f"pretrain.objective=seq2seq {tiny}").pretrain
known = sorted(train.texts, key=len)[:2000]
unknown = sorted(read_reviews(data / "ingest", "dev").texts, key=len)[:50]
with TemporaryDirectory() as folder:
    done = fit(config, known, unknown, data / "tokenize", Path(folder))
    pieces = Tokenizer(data / "tokenize")  # setting a seed empties TensorFlow's caches, and with them the tokenizer
    reconstructor = load_reconstructor(config, pieces, Path(folder))

# %% [markdown]
# `dev_piece_accuracy` is the share of pieces that are right given those before, `dev_greedy_accuracy` the share that stand
# in their places when it writes alone. When it writes alone, one mistake leads to the next.
#
# Now it reads two reviews that it has learnt from and two that it has not, and writes them out again. `1` is greedy: the
# likeliest piece each time and no other. `4` is beam search, which keeps the four likeliest texts so far side by side. The
# number in between is the logarithm of the probability of what was written.

# %%
for text in [*known[:2], *unknown[:2]]:
    print(f"\n{text}")
    for beams in (1, 4):
        (written,) = reconstructor.reconstruct([text], beams)
        print(f"{beams} {written.log_probability:6.1f}  {written.text}")

# %% [markdown]
# Compare what it wrote with what it read. What stayed, and what changed? The state is two vectors of 96 numbers, and the
# text must fit in there. What it has not met before it puts together from what it has.
#
# ## How far to trust this
#
# `maekrak` is a composed corpus. A high score here means that the network *can use* context, not that it knows Korean.
# The project also has minimal pairs written by hand (`pipeline/evidence/pairs/ko.yaml`), in words and turns of phrase that the
# training reviews do not have. They are a much harder test.

# %%
for name in ["baseline_pair_consistency", "pair_consistency"]:
    print(f"{evaluated.metrics[name]:.1%}  {name}")

# %% [markdown]
# Both are far below what they reach on the test split. Compare them with the 25 % of guessing. Context made of unknown
# words is no context. To read reviews as people write them, a model must learn from reviews that people wrote, and
# with `DATA=nsmc` this pipeline handles the Naver movie reviews in just the same way.
#
# ## Summary
#
# - Phrases such as 죽인다 stand in good and bad reviews equally often. They say nothing by themselves.
# - Where the context stands beside the phrase, counting words is enough. Where order decides, no counting of words
#   will do.
# - A recurrent network passes what it has read to the next piece in its state. So it gives other answers to the same
#   words in another order.
# - Gates decide, piece by piece, what is written, dropped and shown. The product of the forget gates is how long a
#   memory lives.
# - To be able to use context is one thing, to know the words another. Before you believe a number, ask what it was
#   measured on.
#
# ## Exercises
#
# 1. In a terminal, run `make predict TEXT='음악이 진짜 죽인다!'` ("the music really kills!"). Put other words in the
#    place of 음악이, one by one, and note what happens to the probability. What if the word is one that the corpus is
#    unlikely to have?
# 2. Write a good and a bad review of your own with 미쳤다 ("it's crazy") or 소름 돋는다 ("it gives me goosebumps") and
#    draw them with `draw_readings`. At which piece do they part? If the network is wrong, look with `pieces.split` at
#    how your sentences were cut.
# 3. Print some ten of the pairs that are not in `right`. Is there a turn of phrase that the network often gets wrong?
# 4. Run `make all CELL=gru`, change `"lstm"` to `"gru"` in this notebook and execute it again. Which gates does a GRU
#    have, and which of them must be multiplied, in the place of `"forget"`, to see how much memory is left?
#    `CELL=vanilla` has no gates (skip the two steps under *Gates*): how many of the reordered pairs does it get? Put
#    the three networks side by side with `make compare`.
# 5. If the baseline counted three neighbouring words, could it solve the reordered pairs? Guess first, then see with
#    `BaselineConfig(**evaluated.config["baseline"] | {"word_ngrams": 3})`.
