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
# # Pieces: between characters and words
#
# So far we have spoken of "pieces" without saying what they are. To give a text to a network, you first cut it into units
# and number them. Which units? Characters? Words? In Korean neither will do. This project uses *pieces* (subwords), which
# stand between the two.
#
# In this chapter you will
#
# 1. count why words are bad units in Korean,
# 2. cut one review into characters, words and pieces,
# 3. follow by hand how the unigram model chooses one of many ways to cut,
# 4. see what happens to a character never seen before, and what it is good for to cut otherwise on purpose.

# %%
import os
from pathlib import Path
from tempfile import TemporaryDirectory

os.chdir(next(folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "Makefile").is_file()))

from pipeline.support.environment import prepare_environment
from pipeline.support.silenced_stderr import silenced_stderr

prepare_environment()  # before the first import of Keras
with silenced_stderr():
    from pipeline.text.tokenizer import Tokenizer

from collections import Counter

import numpy as np
from IPython.display import Image

from pipeline.support.figures import NEGATIVE, NEUTRAL, POSITIVE, figure, save
from pipeline.text.reviews import read_reviews

png = Path((folder := TemporaryDirectory()).name) / "figure.png"
data = Path(os.environ.get("ARTIFACTS", "artifacts")) / "maekrak"
train = read_reviews(data / "ingest", "train")
tokenizer = Tokenizer(data / "tokenize")

# %% [markdown]
# ## One word, many faces
#
# What stands between spaces is called an *eojeol*; we will say word. Here are the words of the training reviews that begin
# with 영화 (*film*).

# %%
words = Counter(word for text in train.texts for word in text.split())
faces = sorted((word for word in words if word.startswith("영화")), key=lambda word: -words[word])
print(len(faces), "words:", " ".join(faces[:24]))
assert len(faces) > 20

# %% [markdown]
# Each particle (로, 를, 에서), each ending (이었다, 이었어요) and each mark makes another word. With a number for each word, 영화로
# and 영화를 are two numbers that have nothing to do with each other: what is learnt of the one doesn't reach the other. Here is
# how the count of distinct words grows as more reviews are read, beside that of characters.

# %%
seen_words, seen_characters, growth = set(), set(), []
for n, text in enumerate(train.texts):
    seen_words.update(text.split())
    seen_characters.update(text)
    growth.append((n + 1, len(seen_words), len(seen_characters)))
reviews, distinct_words, distinct_characters = np.array(growth).T

drawing = figure(7.5, 3.2)
axes = drawing.subplots()
axes.plot(reviews, distinct_words, color=NEGATIVE, label=f"어절 · words: {distinct_words[-1]:,}")
axes.plot(reviews, distinct_characters, color=POSITIVE, label=f"글자 · characters: {distinct_characters[-1]:,}")
axes.axhline(
    len(tokenizer.vocabulary), color=NEUTRAL, linestyle="--", label=f"조각 · pieces: {len(tokenizer.vocabulary):,}"
)
axes.set(xlabel="읽은 리뷰 · reviews read", ylabel="서로 다른 것 · distinct")
axes.legend(frameon=False)
save(drawing, png)
half = len(growth) // 2
late_words, late_characters = (counts[-1] - counts[half] for counts in (distinct_words, distinct_characters))
print(f"new in the second half: {late_words:,} words, {late_characters} characters")
assert late_words > 500 and late_characters < 10
Image(png, width=640)

# %% [markdown]
# Characters have all been met early on, while words keep coming to the end. So texts yet to come will hold words never seen.
# This corpus is made from templates, which keeps it tame; with people's own writing the line is far steeper. Of pieces there
# are as many as you decide: 3,000 here.
#
# ## One review, cut three ways

# %%
assert len(tokenizer.vocabulary) == 3000
review = "배우들 연기가 진짜 죽인다!"
for name, units in {
    "characters": list(review.replace(" ", "▁")),
    "words": review.split(),
    "pieces": tokenizer.split(review),
}.items():
    print(f"{len(units):2} {name:10} {' | '.join(units)}")

# %% [markdown]
# `▁` marks where a word begins. 배우들 (*actors*) and 죽인다 are frequent, and each is one piece; 연기가 falls into a noun and its
# particle; what is not so frequent is cut into single characters. Characters make a text long, with more steps to remember
# over; words leave some unknown. How many? Let us count, in the hand-written minimal pairs, which speak otherwise than the
# training reviews do.

# %%
from pipeline.evidence.pairs import read_pairs
from pipeline.text.vocabulary import is_byte

foreign = [text for pair in read_pairs("ko") for text in (pair.pos, pair.neg)]
ids = tokenizer.encode(foreign)
unknown = {
    "글자 · characters": np.mean([c not in seen_characters for text in foreign for c in text]),
    "어절 · words": np.mean([word not in words for text in foreign for word in text.split()]),
    "조각 · pieces": np.mean([is_byte(tokenizer.vocabulary[i]) for i in ids.flat_values.numpy()]),
}
length = {
    "글자 · characters": np.mean([len(text) for text in foreign]),
    "어절 · words": np.mean([len(text.split()) for text in foreign]),
    "조각 · pieces": ids.row_lengths().numpy().mean(),
}
drawing = figure(10, 2.4)
left, right = drawing.subplots(1, 2)
left.bar_label(left.barh(list(length), list(length.values()), color=POSITIVE), fmt="%.1f", padding=4)
left.set(title="글 하나의 길이 · units in a text", xlim=(0, 1.15 * max(length.values())))
right.bar_label(
    right.barh(list(unknown), [100 * share for share in unknown.values()], color=NEGATIVE), fmt="%.0f %%", padding=4
)
right.set(title="처음 보는 것 · never seen", xlim=(0, 100), yticks=[])
save(drawing, png)
assert unknown["어절 · words"] > 0.5 and unknown["조각 · pieces"] < 0.25
Image(png, width=820)

# %% [markdown]
# More than half of the words were never seen. Read with `<unk>` in their place, nobody could tell what they say. Pieces make
# a shorter text than characters, and leave far less unknown than words. What is "never seen" among pieces is spelt in bytes,
# and even that is not lost, as we will see.
#
# ## How one way to cut is chosen
#
# ▁죽인다 can be cut into the 3,000 pieces in several ways. The *unigram model* (Kudo 2018) gives each piece a probability and
# chooses the cut with the greatest product. Logarithms are added instead. Here are all cuts, with their sums.

# %%
score_of = dict(zip(tokenizer.vocabulary, tokenizer.scores, strict=True))


def cuts(word):
    """Every way to cut a word into pieces of the vocabulary."""
    if not word:
        return [[]]
    starts = [word[:end] for end in range(1, len(word) + 1) if word[:end] in score_of]
    return [[start, *rest] for start in starts for rest in cuts(word[len(start) :])]


drawing = figure(11, 3.4)
for axes, word in zip(drawing.subplots(1, 2), ("▁죽인다", "▁연기가"), strict=True):
    ranked = sorted(cuts(word), key=lambda cut: sum(score_of[piece] for piece in cut))
    sums = [sum(score_of[piece] for piece in cut) for cut in ranked]
    colours = [POSITIVE if cut == ranked[-1] else NEUTRAL for cut in ranked]
    bars = axes.barh([" + ".join(cut).replace("▁", "_") for cut in ranked], sums, color=colours)
    axes.bar_label(bars, fmt="%.1f", padding=4)
    axes.set(title=word.replace("▁", "_"), xlabel="log p", xlim=(min(sums) * 1.15, 3))
    assert ranked[-1] == tokenizer.split(word[1:])
save(drawing, png)
Image(png, width=900)

# %% [markdown]
# A logarithm of a probability is below 0, and the nearer to 0 the likelier. The blue bar is the likeliest cut, and it is what
# the tokenizer gives, as the last line checks. Each further piece adds another number below zero, so a long piece that is
# frequent wins. For a long word, with its many cuts, nobody lists them all: the Viterbi algorithm goes from left to right and
# keeps the best only.
#
# What becomes of the other forms of 죽인다?

# %%
for form in ["죽인다", "죽였다", "죽이네", "죽여준다", "쥑인다"]:
    print(f"{' | '.join(tokenizer.split(form)):24} {form}")
assert tokenizer.split("죽인다") == ["▁죽인다"]
assert tokenizer.split("죽이네")[0] == tokenizer.split("죽여준다")[0] == "▁죽"

# %% [markdown]
# 죽이네 and 죽여준다 are not known as wholes, but both begin with `▁죽`. A form never seen still gives a hint by the pieces that
# are known. With a number for each word, all three would have been `<unk>`.
#
# ## Are more pieces better?
#
# How many there are is for you to say (`tokenize.vocab_size`). Let us learn 1,000, and 8,000, and compare. Where the text hasn't
# enough for 8,000, there will be as many as it has.

# %%
from pipeline.config.overlays import load_config
from pipeline.tokenize import tokenize

dev = read_reviews(data / "ingest", "dev").texts
learnt = {len(tokenizer.vocabulary): tokenizer}
for size in (1000, 8000):
    with TemporaryDirectory() as out:
        tokenize(load_config("maekrak", "lstm", f"tokenize.vocab_size={size}").tokenize, data / "ingest", Path(out))
        learnt[size] = Tokenizer(Path(out))

lengths = {size: one.encode(dev).row_lengths().numpy().mean() for size, one in sorted(learnt.items())}
for size, mean in lengths.items():
    print(f"{size:5} pieces: {mean:4.1f} in a review; 죽이네 = {' | '.join(learnt[size].split('죽이네'))}")
assert list(lengths.values()) == sorted(lengths.values(), reverse=True)

# %% [markdown]
# With more pieces, texts are shorter. But the embedding grows by as much, and rare pieces have little to learn from. 3,000 suits
# this small corpus; for Naver's reviews it is 16,000 (`configs/base.yaml`).
#
# ## Coverage, and bytes
#
# `tokenize.character_coverage` is the share of the training reviews' characters that get a piece. With 0.9995 the rarest don't.
# They, and characters never seen at all, are spelt in the **bytes** of UTF-8. (The tokenizer first normalises a text by NFKC,
# so we count characters after doing the same.)

# %%
import unicodedata

characters = Counter(c for text in train.texts for c in unicodedata.normalize("NFKC", text) if c != " ")
without_piece = [c for c, _ in characters.most_common() if c not in score_of]
share = sum(characters[c] for c in without_piece) / characters.total()
print(f"{len(without_piece)} of {len(characters)} characters have no piece; they are {share:.3%} of the text")
assert share < 0.001

for text in ["뷁", "🍿", "죽인다🍿"]:
    pieces = tokenizer.split(text)
    spelt = bytes(int(piece[3:5], 16) for piece in pieces if is_byte(piece))
    print(f"{text}: {' '.join(pieces)}")
    assert spelt == text.removeprefix("죽인다").encode()
    assert tokenizer.decode(tokenizer.encode([text]).to_tensor().numpy()) == [text]

# %% [markdown]
# There are only 256 bytes: with each of them a piece, anything can be spelt. Put together again they give the text back, as the
# last line checks, and `<unk>` is no longer needed. Of course three bytes don't tell what 뷁 means. It just isn't lost.
#
# ## Cut otherwise, on purpose
#
# If 죽인다 is one piece every time, the network never has to learn that `▁죽`, `인` and `다` together are the same word. So in
# training a piece is now and then dropped for the next likeliest cut (*subword sampling*, `train.piece_dropout`). The next cut of
# each piece can be found beforehand.

# %%
from pipeline.text.subword_sampling import best_splits

splits = best_splits(tokenizer.vocabulary, tokenizer.scores)
ids = tokenizer.encode([review]).flat_values.numpy()
random = np.random.default_rng(1)
for _ in range(5):
    dropped = random.random(len(ids)) < 0.3
    sampled = [part for i, drop in zip(ids, dropped, strict=True) for part in (splits[i] if drop else [i])]
    print(" | ".join(tokenizer.vocabulary[i] for i in sampled))
    assert tokenizer.decode(np.array([sampled], np.int32)) == [review]

# %% [markdown]
# All five lines put together are the same text. A review comes to each epoch in slightly other clothes. It helps on people's
# writing, with its typos and new words; for `maekrak`, which has few, it is off (`configs/data/maekrak.yaml`).
#
# ## Summary
#
# - Particles and endings give Korean words forms without end. Characters are few but make texts long. Pieces stand between.
# - The unigram model adds the pieces' log probabilities and takes the cut with the greatest sum.
# - What has no piece is spelt in bytes, so no text is lost.
# - Cut otherwise now and then in training, pieces learn from one another.
#
# ## Exercises
#
# 1. How many times less likely is the second best cut of ▁연기가 than the best? Compute it from the numbers in the picture.
# 2. How many bytes are 👍🏽? Guess the number of pieces, then check with `tokenizer.split`. Why so many?
# 3. Written without a space, does 시간만죽인다 have the piece `▁죽인다`? Why, and what does the network lose?
#
# <details>
# <summary>Answers</summary>
#
# 1. With $d$ the difference of the two sums, $e^d$ times. They are −10.6 and −16.9, so $e^{6.3}$: more than five
#    hundred times.
# 2. Eight: it is two characters, the thumb and its skin tone, of four bytes each. With the `▁` before them, nine pieces.
# 3. No: a piece with `▁` stands only where a word begins. The network can't use what it has learnt of `▁죽인다`, and has to
#    find it out again from `죽`, `인` and `다`.
#
# </details>
#
# ## Sources
#
# - Kudo 2018, *Subword regularization*, ACL: section 3.2 on the unigram model, 3.3 on sampling.
# - Kudo & Richardson 2018, *SentencePiece*, EMNLP: a tokenizer to which spaces are characters too. Bytes are its option
#   `byte_fallback`.
# - Sennrich, Haddow & Birch 2016, *Neural machine translation of rare words with subword units*, ACL, proposed subwords.
# - Provilkov et al. 2020, *BPE-dropout*, ACL: dropping pieces now and then.

# %%
# 답에 나온 수를 확인한다 · The numbers of the answers, checked
best, second = sorted((sum(score_of[piece] for piece in cut) for cut in cuts("▁연기가")), reverse=True)[:2]
assert (round(best, 1), round(second, 1)) == (-10.6, -16.9) and 500 < np.exp(best - second) < 600
assert sum(map(is_byte, tokenizer.split("👍🏽"))) == len("👍🏽".encode()) == 8 and len(tokenizer.split("👍🏽")) == 9
assert "▁죽인다" not in tokenizer.split("시간만죽인다")
