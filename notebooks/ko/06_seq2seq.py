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
# # 인코더와 디코더 (Seq2Seq)
#
# 지금까지의 신경망은 글을 읽고 답을 하나 냈다. 번역이나 요약처럼 글을 읽고 **글을 쓰게** 하려면 어떻게 해야 할까? 하나가
# 읽고 다른 하나가 쓰면 된다. *인코더*(encoder)가 글을 끝까지 읽어 마지막 상태를 남기고, *디코더*(decoder)가 그 상태에서
# 출발해 한 글자씩 쓴다. 시퀀스를 시퀀스로 바꾼다고 해서 *Seq2Seq*라고 부른다 (Sutskever et al. 2014, Cho et al. 2014).
#
# 이 장에서는 다음을 해 본다.
#
# 1. 숫자를 우리말로 읽는 작은 모델을 끝까지 학습시킨다. `7892`를 받으면 "칠천팔백구십이"를 쓴다.
# 2. 교사 강요, 탐욕 탐색, 빔 서치를 한 걸음씩 따라간다.
# 3. 프로젝트의 시퀀스 오토인코더로, 상태 하나에 글이 얼마나 담기는지 길이마다 잰다.
# 4. 그렇게 미리 배운 것이 분류기를 돕는지 잰다.

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
# ## 문제: 숫자 읽기
#
# 1부터 9999까지를 우리말로 읽는 규칙은 간단하다. 자리마다 숫자와 "천", "백", "십"을 잇되, 1은 일의 자리에서만 읽고 0은 읽지
# 않는다. 정답은 이렇게 만든다. 모델은 이 규칙을 모르고 예만 본다.


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
# ## 인코더와 디코더
#
# 둘 다 [3장](03_lstm.py)의 LSTM이다. 둘을 잇는 것은 `initial_state` 하나다. 디코더는 걸음마다 **바로 앞의 글자**를 입력으로
# 받아 다음 글자를 맞힌다. 학습할 때는 제가 무엇을 썼든 바로 앞의 *옳은* 글자를 준다. 이것을 **교사 강요**(teacher forcing)라고
# 한다. 한 번 틀렸다고 그 뒤가 다 어긋나지 않으니 빨리 배우고, 모든 걸음을 한꺼번에 계산할 수 있다.

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
# 주는 것과 맞힐 것이 한 칸 어긋나 있다. 빈칸은 글의 처음과 끝을 나타낸다.
#
# ## 혼자 쓰기
#
# 다 배운 뒤에는 옳은 글자를 알려 줄 사람이 없다. 방금 제가 쓴 글자를 다음 입력으로 넣는다. 걸음마다 가장 그럴듯한 글자
# 하나만 고르는 것이 **탐욕 탐색**(greedy search)이다.


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
# 배울 때 본 적이 없는 수도 거의 다 틀림없이 읽는다. 규칙을 알려 준 적은 없다. 7892를 쓸 때 걸음마다 어떤 글자에 얼마의
# 확률을 주었는지 그려 보자.

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
# 걸음마다 한 칸이 짙다. 망설이지 않는다는 뜻이다. 숫자와 자릿수가 번갈아 나오는 것을 그림에서 따라가 보라. 그런데 문제가 이렇게
# 쉽지 않으면 어떻게 될까? 이제 진짜 리뷰를 읽힌다.
#
# ## 시퀀스 오토인코더
#
# 글을 읽고 **같은 글을 다시 쓰게** 하면 레이블이 필요 없다. 이것이 *시퀀스 오토인코더*다 (Dai & Le 2015,
# `pipeline/objectives/seq2seq.py`). 가장 짧은 리뷰 이천 개로 아주 작은 것을 하나 학습한다.

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
# `dev_piece_accuracy`는 앞의 조각들을 알려 줄 때(교사 강요) 맞힌 조각의 비율이고, `dev_greedy_accuracy`는 혼자 쓸 때 제자리에
# 온 조각의 비율이다. 혼자 쓰면 한 번의 잘못이 뒤로 이어진다.

# %%
for text in [*texts[500:502], *new[:2]]:
    (greedy,), (beam,) = autoencoder.reconstruct([text], 1), autoencoder.reconstruct([text], 4)
    print(f"\n       {text}")
    print(f"greedy {greedy.text}  {greedy.log_probability:.1f}\nbeam   {beam.text}  {beam.log_probability:.1f}")

# %% [markdown]
# 쓴 글을 본디 글과 견주어 보라. 말투와 칭찬인지 불평인지는 대개 남고, 낱말은 배운 글의 것으로 바뀐다. 빔 서치가 찾은 글의
# 로그 확률이 더 높을 때가 많다는 것도 눈여겨보라.
#
# ## 빔 서치 한 걸음씩
#
# 탐욕 탐색은 첫 조각을 잘못 고르면 돌이킬 수 없다. **빔 서치**(beam search)는 지금까지 가장 그럴듯한 글 몇 개를 나란히 이어
# 간다. 걸음마다 그 글들을 한 조각씩 늘린 것을 모두 늘어놓고, 그 가운데 다시 몇 개만 남긴다. 폭이 3인 빔 서치를 디코더의 한
# 걸음(`step`)으로 손수 해 보자.

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
# 칸마다 조각과, 거기까지 쓴 글의 로그 확률이 있다. 선은 어느 글을 이은 것인지 보여 준다. 회색 선이 끊긴 자리는 그 글이 셋 안에
# 들지 못하고 버려진 것이다. 파란 길이 끝까지 살아남은 것이고, 패키지의 `generate`가 찾은 글과 점수가 같다. 탐욕 탐색의 글보다
# 로그 확률이 높다. 다만 빔을 넓힌다고 늘 *더 좋은 글*이 나오는 것은 아니다. 더 *그럴듯한* 글이 나올 뿐이다.
#
# ## 병목은 무엇을 잊나
#
# 글은 숫자 96개짜리 벡터 둘($h$와 $c$)에 다 담겨야 한다. 세 조각짜리 글도 서른 조각짜리 글도 담을 그릇은 같다. 배운 글을 다시
# 쓰게 해서, 제자리에 온 조각의 비율을 길이마다 그린다.

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
# 길수록 덜 남는다. 이것이 Seq2Seq의 **병목**(bottleneck)이다. 번역에서도 문장이 길어지면 품질이 떨어졌고 (Cho et al. 2014), 그래서
# 디코더가 마지막 상태만이 아니라 인코더의 모든 상태를 돌아보게 하는 *어텐션*이 나왔다 (Bahdanau et al. 2015). 그다음 이야기는 이
# 과정의 밖에 있다.
#
# ## 분류기를 돕는가
#
# 다시 쓰는 것이 목적은 아니다. 글을 다시 쓰려고 배운 임베딩과 LSTM에서 분류기가 출발하면 나을까? 방금 쓴 이천 개의 리뷰에 이번에는
# 레이블을 붙여, 맨손으로 시작한 것과 견준다. 그 밖의 것은 시드까지 모두 같다.

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
# 뜻밖의 결과다. **여기서는 돕지 않았다. 오히려 뒤처졌다.** 잴 때까지는 모르는 일이다. 왜 그럴까? 짐작은 이렇다. 첫째, 이 말뭉치는
# 누구의 의견이 이기는지를 *순서*가 정하도록 지어낸 것이다. 다시 쓰는 데는 낱말을 하나하나 간직하는 것이 중요하지, 누가
# 이겼는지는 알 필요가 없다. 둘째, 미리 배운 글이 레이블을 붙여 배울 글과 똑같은 이천 개뿐이다. Dai & Le 2015가 얻은 이득은 레이블이
# 없는 글이 훨씬 많을 때의 것이다. 그래서 `maekrak`에서는 `pretrain.objective`가 `none`이고, 글이 많은 네이버 리뷰에서는 미리
# 배우고 시작한다. 거기서 잰 값은 [모델의 방](../../pipeline/model/README.md)에 있다. 남의 논문에서 도움이 된 것이라도 내 데이터에서
# 다시 재 보아야 한다.
#
# ## 요약
#
# - 인코더가 읽어 마지막 상태를 남기고, 디코더가 그 상태에서 출발해 쓴다. 둘을 잇는 것은 상태뿐이다.
# - 학습할 때는 앞의 옳은 글자를 준다(교사 강요). 쓸 때는 제가 쓴 글자를 받는다.
# - 탐욕 탐색은 걸음마다 하나만, 빔 서치는 몇 개를 나란히 이어 간다. 빔이 찾는 것은 더 그럴듯한 글이지, 더 좋은 글이라는 보장은 없다.
# - 긴 글일수록 상태 하나에서 되살리기 어렵다. 이 병목에서 어텐션이 나왔다.
# - 미리 배우는 것이 돕는지는 데이터에 달렸다. 여기서는 돕지 않았다.
#
# ## 연습 문제
#
# 1. 디코더에 한 칸 어긋나지 않게, 곧 맞힐 글자를 그대로 입력으로 주면 학습할 때의 손실은 어떻게 될까? 혼자 쓸 때는?
# 2. 폭이 1인 빔 서치는 무엇과 같은가? 폭을 어휘의 크기만큼 늘리면 언제나 가장 그럴듯한 글을 찾는가?
# 3. 조각이 3,000가지일 때 서른 조각짜리 글을 가려내려면 몇 비트가 필요한가? 상태는 32비트 수 192개다. 병목은 그릇이 작아서인가?
#
# <details>
# <summary>답</summary>
#
# 1. 손실은 금세 0이 된다. 답을 베끼기만 하면 되니 인코더를 볼 까닭도 없다. 혼자 쓸 때는 베낄 것이 없어 아무것도 쓰지 못한다.
# 2. 탐욕 탐색이다. 폭을 어휘만큼 늘려도 두 걸음까지만 확실하다. 셋째 걸음부터는 버려지는 글이 생긴다. 모두 살피려면 폭이 걸음마다
#    어휘의 크기 배로 늘어야 한다.
# 3. $30 \log_2 3000 \approx 347$비트다. 상태에는 $192 \times 32 = 6144$비트가 있으니 그릇은 넉넉하다. 모자라는 것은 담고 꺼내는
#    법을 배울 기회다. 긴 글일수록 기울기가 먼 길을 와야 하고, 예는 적다.
#
# </details>
#
# ## 출처
#
# - Sutskever, Vinyals & Le 2014, *Sequence to sequence learning with neural networks*, NeurIPS, 2절과 3.2절 (빔 서치).
# - Cho et al. 2014, *On the properties of neural machine translation: encoder–decoder approaches*, SSST. 긴 문장에서 떨어지는 품질.
# - Williams & Zipser 1989, *A learning algorithm for continually running fully recurrent neural networks*. 교사 강요.
# - Dai & Le 2015, *Semi-supervised sequence learning*, NeurIPS, 2절. 시퀀스 오토인코더.
# - Bahdanau, Cho & Bengio 2015, *Neural machine translation by jointly learning to align and translate*, ICLR. 어텐션.

# %%
# 답에 나온 수를 확인한다 · The numbers of the answers, checked
assert round(30 * np.log2(3000)) == 347 and len(tokenizer.vocabulary) == 3000
assert 2 * config.network.units[0] * 32 == 6144
