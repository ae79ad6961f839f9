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
# # 조각: 글자와 낱말 사이
#
# 지금까지 "조각"이라고 얼버무려 왔다. 신경망에 글을 넣으려면 먼저 글을 정해진 단위로 잘라 번호를 매겨야 한다. 무엇을
# 단위로 삼을까? 글자? 낱말? 한국어에서는 어느 쪽도 마땅치 않다. 이 프로젝트는 그 사이의 *조각*(subword)을 쓴다.
#
# 이 장에서는 다음을 해 본다.
#
# 1. 한국어에서 낱말을 단위로 쓰면 왜 곤란한지 센다.
# 2. 리뷰 하나를 글자, 낱말, 조각으로 잘라 견준다.
# 3. 유니그램 모델이 여러 갈래 가운데 어떻게 하나를 고르는지 손으로 따라 한다.
# 4. 처음 보는 글자를 만나면 어떻게 되는지, 일부러 다르게 자르면 무엇이 좋은지 본다.

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
# ## 한 낱말의 여러 얼굴
#
# 띄어쓰기로 나눈 것을 *어절*이라고 한다. 학습용 리뷰에서 "영화"로 시작하는 어절을 모아 본다.

# %%
words = Counter(word for text in train.texts for word in text.split())
faces = sorted((word for word in words if word.startswith("영화")), key=lambda word: -words[word])
print(len(faces), "words:", " ".join(faces[:24]))
assert len(faces) > 20

# %% [markdown]
# 조사 (로, 를, 에서)와 어미 (이었다, 이었어요), 문장 부호가 붙을 때마다 새 어절이 된다. 낱말마다 번호를 매기면 "영화로"와
# "영화를"은 아무 상관 없는 두 번호다. 하나에서 배운 것이 다른 하나에 전해지지 않는다. 리뷰를 더 읽을수록 새 낱말이 얼마나
# 늘어나는지, 글자와 견주어 그려 보자.

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
# 글자는 일찌감치 다 나왔는데 낱말은 끝까지 늘어난다. 앞으로 올 글에도 처음 보는 낱말이 있다는 뜻이다. 이 말뭉치는 정해진
# 틀로 지어낸 것이라 그나마 덜하고, 사람이 쓴 글은 훨씬 가파르다. 조각은 수를 미리 정해 둔다. 여기서는 3,000개다.
#
# ## 리뷰 하나, 세 가지 자르기

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
# `▁`는 어절이 시작되는 자리다. 자주 나온 "배우들"과 "죽인다"는 통째로 한 조각이고, "연기가"는 체언과 조사로 갈라졌다.
# 흔하지 않은 말은 한 글자씩 쪼개진다. 글자로 자르면 글이 길어져 기억해야 할 걸음이 늘고, 낱말로 자르면 모르는 것이
# 생긴다. 모르는 것이 얼마나 될까? 학습용 리뷰에는 없는 말투로 손으로 쓴 최소쌍의 글에서 세어 보자.

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
# 어절은 절반 넘게 처음 보는 것이다. 그 자리에 `<unk>`를 넣고 읽으면 무슨 말인지 알 길이 없다. 조각은 글자보다 짧고 낱말보다
# 훨씬 덜 모른다. 조각에서 "처음 보는 것"은 바이트로 적은 것인데, 그것마저 잃어버리지는 않는다. 조금 뒤에 본다.
#
# ## 어떻게 하나를 고르나
#
# "▁죽인다"는 3,000개의 조각으로 여러 가지로 자를 수 있다. *유니그램 모델*(Kudo 2018)은 조각마다 확률을 하나씩 두고, 조각들의
# 확률을 곱한 것이 가장 큰 갈래를 고른다. 곱 대신 로그를 더한다. 갈래를 모두 늘어놓고 합을 그려 보자.

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
# 확률의 로그는 음수라서 0에 가까울수록 그럴듯하다. 파란 막대가 가장 그럴듯한 갈래이고, 토크나이저가 내놓는 것과 같다
# (마지막 줄이 확인한다). 조각을 하나 더 쓸 때마다 음수를 하나 더 더하니, 자주 나온 긴 조각이 있으면 그것이 이긴다. 갈래가
# 많은 긴 낱말에서는 다 늘어놓지 않고 비터비 알고리즘으로 앞에서부터 가장 좋은 것만 이어 간다.
#
# "죽인다"의 여러 꼴은 어떻게 될까?

# %%
for form in ["죽인다", "죽였다", "죽이네", "죽여준다", "쥑인다"]:
    print(f"{' | '.join(tokenizer.split(form)):24} {form}")
assert tokenizer.split("죽인다") == ["▁죽인다"]
assert tokenizer.split("죽이네")[0] == tokenizer.split("죽여준다")[0] == "▁죽"

# %% [markdown]
# "죽이네"와 "죽여준다"는 통째로는 모르지만 둘 다 `▁죽`으로 시작한다. 한 번도 보지 못한 꼴이라도 아는 조각에서 실마리를
# 얻는다. 낱말에 번호를 매겼다면 셋 다 `<unk>`였을 것이다.
#
# ## 조각이 많을수록 좋을까
#
# 조각의 수는 정하기 나름이다 (`tokenize.vocab_size`). 1,000개와 8,000개로 다시 배워 견준다. 8,000개를 다 채울 만큼 자주 나온 것이
# 없으면 있는 만큼만 나온다.

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
# 조각이 많으면 글이 짧아진다. 대신 임베딩이 그만큼 커지고, 드문 조각은 배울 기회가 적다. 3,000개는 이 작은 말뭉치에 맞춘
# 것이고, 네이버 리뷰에서는 16,000개를 쓴다 (`configs/base.yaml`).
#
# ## 덮는 글자와 바이트
#
# `tokenize.character_coverage`는 학습용 리뷰에 나온 글자 가운데 몇 할에 조각을 줄지 정한다. 0.9995이면 드문 글자들은 조각을
# 받지 못한다. 그런 글자, 그리고 한 번도 보지 못한 글자는 UTF-8의 **바이트**로 적는다. (토크나이저는 먼저 글을 NFKC로 정규화하므로
# 글자도 그렇게 하고 센다.)

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
# 바이트는 256가지뿐이니 모두 조각으로 넣어 두면 무엇이든 적을 수 있다. 도로 이어 붙이면 원래 글자가 나온다 (마지막 줄이
# 확인한다). `<unk>`는 이제 필요 없다. 물론 바이트 셋을 보고 "뷁"의 뜻을 아는 것은 아니다. 잃어버리지 않을 뿐이다.
#
# ## 일부러 다르게 자르기
#
# "죽인다"가 언제나 한 조각이면, 신경망은 `▁죽`과 `인`과 `다`가 모여도 같은 말이라는 것을 배울 일이 없다. 그래서 학습할 때
# 가끔 조각을 버리고 그다음으로 그럴듯한 갈래로 쪼갠다 (*subword sampling*, `train.piece_dropout`). 조각마다 다음 갈래는 미리
# 구해 둘 수 있다.

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
# 다섯 줄 모두 이어 붙이면 같은 글이다. 한 리뷰가 학습할 때마다 조금씩 다른 옷을 입고 오는 셈이다. 오타와 신조어가 많은 사람의
# 글에서 도움이 되고, 그런 것이 드문 `maekrak`에서는 꺼 둔다 (`configs/data/maekrak.yaml`).
#
# ## 요약
#
# - 한국어는 조사와 어미가 붙어 낱말의 꼴이 끝없이 늘어난다. 글자는 몇 안 되지만 글이 길어진다. 조각은 그 사이다.
# - 유니그램 모델은 조각들의 로그 확률을 더해 가장 큰 갈래를 고른다.
# - 아는 조각이 없는 글자는 바이트로 적으므로 잃어버리는 글은 없다.
# - 학습할 때 가끔 다르게 자르면 조각들이 서로를 배운다.
#
# ## 연습 문제
#
# 1. "▁연기가"를 자르는 갈래 가운데 둘째로 그럴듯한 것은 첫째보다 몇 배 덜 그럴듯한가? 그림의 수로 계산하라.
# 2. "👍🏽"은 몇 바이트인가? 먼저 조각의 수를 짐작하고 `tokenizer.split`으로 확인하라. 왜 그렇게 많은가?
# 3. "시간만죽인다"처럼 띄어 쓰지 않으면 `▁죽인다`가 나오는가? 까닭은 무엇이고, 신경망은 무엇을 잃는가?
#
# <details>
# <summary>답</summary>
#
# 1. 두 합의 차이를 $d$라고 하면 $e^d$배다. −10.6과 −16.9이므로 $e^{6.3}$, 오백 배가 넘는다.
# 2. 여덟 바이트다. 그림 글자 둘 (엄지와 살빛)이 네 바이트씩이다. 앞에 `▁`가 붙어 조각은 아홉이다.
# 3. 나오지 않는다. `▁`가 든 조각은 어절의 첫머리에서만 쓰이기 때문이다. 신경망은 `▁죽인다`에서 배운 것을 쓰지 못하고 `죽`,
#    `인`, `다`에서 다시 알아내야 한다.
#
# </details>
#
# ## 출처
#
# - Kudo 2018, *Subword regularization*, ACL. 3.2절의 유니그램 모델, 3.3절의 표본 추출.
# - Kudo & Richardson 2018, *SentencePiece*, EMNLP. 띄어쓰기까지 글자로 다루는 토크나이저. 바이트로 되돌아가는 것은 그 프로그램의
#   `byte_fallback`이다.
# - Sennrich, Haddow & Birch 2016, *Neural machine translation of rare words with subword units*, ACL. 조각을 쓰자는 제안.
# - Provilkov et al. 2020, *BPE-dropout*, ACL. 조각을 가끔 버리는 방법.

# %%
# 답에 나온 수를 확인한다 · The numbers of the answers, checked
best, second = sorted((sum(score_of[piece] for piece in cut) for cut in cuts("▁연기가")), reverse=True)[:2]
assert (round(best, 1), round(second, 1)) == (-10.6, -16.9) and 500 < np.exp(best - second) < 600
assert sum(map(is_byte, tokenizer.split("👍🏽"))) == len("👍🏽".encode()) == 8 and len(tokenizer.split("👍🏽")) == 9
assert "▁죽인다" not in tokenizer.split("시간만죽인다")
