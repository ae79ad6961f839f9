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
# # 죽인다! 맥락이 뜻을 정한다
#
# "죽인다!"는 협박일까, 감탄일까? 글자만 봐서는 알 수 없다.
#
# - 배우들 연기가 진짜 **죽인다!**
# - 두 시간 동안 시간만 **죽인다!**
#
# 앞의 것은 더없는 칭찬이고 뒤의 것은 시간을 버렸다는 불평이다. 두 문장을 가르는 것은 "죽인다"가 아니라 그 둘레에 놓인
# 말, 곧 *맥락*이다. 앞의 여섯 장에서 배운 것을 모아, 이 장에서는 말뭉치에서 출발해 순환 신경망이 문장을 한 조각씩 읽으며 마음을 정하는 순간까지
# 따라가 본다. 그러면서 이 프로젝트의 네 가지 물음에 답한다.
#
# 1. "죽인다" 같은 말은 정말 그 자체로는 아무것도 알려 주지 않을까?
# 2. 낱말을 세기만 하는 모델은 어디까지 해내고, 어디서 막힐까?
# 3. 읽은 것을 기억하는 모델은 무엇을 더 할 수 있을까? 얼마나 멀리까지?
# 4. 사람이 쓴 글 앞에서는 어떤가? 무엇을 아직 틀리고, 왜 틀릴까?
#
# 모델을 학습하는 일은 이미 `make all`이 해 두었다. 각 단계의 결과는 `artifacts/`에 있고, 저마다 무엇으로 어떻게
# 만들었는지 적은 매니페스트로 봉인되어 있다. 먼저 평가 단계의 매니페스트를 연다. 여기서 파일이 없다는 오류가 나면
# 터미널에서 `make all`을 한 번 돌리면 된다.

# %%
import os
from pathlib import Path
from tempfile import TemporaryDirectory

os.chdir(next(folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "Makefile").is_file()))

from pipeline.artifact.manifest import read_manifest
from pipeline.support.environment import prepare_environment

prepare_environment()  # before the first import of Keras
png = Path((folder := TemporaryDirectory()).name) / "figure.png"
data = Path(os.environ.get("ARTIFACTS", "artifacts")) / "maekrak"
lstm = data / "lstm"
evaluated = read_manifest(lstm / "evaluate")

# %% [markdown]
# ## 말뭉치
#
# 리뷰는 이 프로젝트에 딸린 말뭉치 `maekrak`에서 온다. 짧은 영화평마다 호평이나 혹평이라는 레이블이 붙어 있다. 실제
# 관객이 쓴 글이 아니라, 같은 말이 호평에도 혹평에도 똑같이 나오도록 지어낸 글이다. 학습용 리뷰에서 "죽인다"가 든 것을
# 골라 짧은 것부터 열 개만 본다.

# %%
from pipeline.text.reviews import read_reviews

train = read_reviews(data / "ingest", "train")
found = [(text, label) for text, label in zip(train.texts, train.labels, strict=True) if "죽인다" in text]
for text, label in sorted(found, key=lambda review: len(review[0]))[:10]:
    print("pos" if label else "neg", text)

# %% [markdown]
# 칭찬하는 "죽인다"와 투덜대는 "죽인다"가 섞여 있다. 다른 글자는 다 같고 한두 마디만 다른 쌍도 보인다 (`pos`가 호평,
# `neg`가 혹평이다). 철자가 틀린 말과 이모티콘은 일부러 넣은 것이다.
#
# 그렇다면 "죽인다"가 들었다는 사실만으로 레이블을 맞힐 수 있을까? 그 말이 든 리뷰 가운데 호평이 몇인지 세어 보자.
# 비슷하게 모호한 표현 다섯과, 모호하지 않은 표현 셋도 함께 센다.

# %%
from IPython.display import Image

from pipeline.support.figures import NEGATIVE, NEUTRAL, POSITIVE, figure, save

phrases = ["죽인다", "미쳤", "역대급", "소름", "장난 아니", "기가 막", "시간만", "연기가", "국어책"]
labels_with = {
    phrase: [label for text, label in zip(train.texts, train.labels, strict=True) if phrase in text]
    for phrase in phrases
}
share = {phrase: labels.count(1) / len(labels) for phrase, labels in labels_with.items()}

drawing = figure(7, 3.4)
axes = drawing.subplots()
bars = axes.barh(phrases[::-1], [share[phrase] for phrase in phrases[::-1]], color=POSITIVE)
axes.bar_label(bars, [f"{share[phrase]:.2f}   ({len(labels_with[phrase])})" for phrase in phrases[::-1]], padding=4)
axes.axvline(0.5, color=NEUTRAL, linestyle=":")
axes.set(xlim=(0, 1.1), xlabel="호평의 비율 · share of positive (리뷰 수 · reviews)")
save(drawing, png)
assert all(abs(share[phrase] - 0.5) < 0.1 for phrase in phrases[:6])
assert all(abs(share[phrase] - 0.5) > 0.1 for phrase in phrases[6:])
Image(png, width=560)

# %% [markdown]
# 모호한 표현은 호평의 비율이 하나같이 0.5 언저리다. 동전 던지기와 다를 바 없으니, **그 말만으로는 아무것도 알 수
# 없다.** 반면 "시간만", "연기가", "국어책"은 한쪽으로 기운다. 실마리는 "죽인다"가 아니라 그 곁에 있다.
#
# ## 낱말 주머니
#
# 곁에 있는 말이 실마리라면, 어떤 말이 들어 있는지만 세어도 되지 않을까? 그렇게 하는 모델을 낱말 주머니(bag of
# words)라고 한다. 이 프로젝트의 베이스라인은 그중에서도 꽤 똑똑한 축이다. 낱말 하나씩과 이웃한 둘씩, 낱말 속
# 글자 네 개까지를 세어 TF-IDF로 무게를 주고 로지스틱 회귀로 더한다. 평가 단계와 똑같은 설정으로 다시 학습해 (10초쯤 걸린다) 두 문장을
# 읽힌다. 출력은 호평일 확률이다.

# %%
from pipeline.config.schema import BaselineConfig
from pipeline.evidence.baseline import baseline_positive, fit_baseline

baseline = fit_baseline(BaselineConfig(**evaluated.config["baseline"]), train)

rave, complaint = "배우들 연기가 진짜 죽인다!", "두 시간 동안 시간만 죽인다!"
for text, probability in zip([rave, complaint], baseline_positive(baseline, [rave, complaint]), strict=True):
    print(f"{probability:.2f}  {text}")
    assert (probability > 0.5) == (text == rave)

# %% [markdown]
# 잘 맞힌다! "연기가"와 "시간만"이 저마다 제 쪽으로 끌어당긴 덕이다. 이렇게 칭찬과 불평이 바로 곁에 드러난 문장은
# 세기만 해도 풀린다. 하지만 모든 리뷰가 그렇게 친절하지는 않다. 처음 보는 리뷰인 test 전체에서 베이스라인과 신경망이
# 맞힌 비율을 매니페스트에서 꺼내 보자.

# %%
for name in ["baseline_test_accuracy", "test_accuracy"]:
    print(f"{evaluated.metrics[name]:.1%}  {name}")
assert evaluated.metrics["test_accuracy"] > evaluated.metrics["baseline_test_accuracy"] + 0.2

# %% [markdown]
# 차이가 크다. 베이스라인이 못 보는 무엇을 신경망은 보는 것일까? 신경망이 읽는 것을 우리도 따라 읽어 보자.
#
# ## 조각
#
# 신경망은 글자도 낱말도 아닌 *조각*을 읽는다. 조각은 학습용 리뷰에서 자주 나오는 글자 묶음으로, SentencePiece가 스스로
# 찾아낸 것이다. 한국어에서는 "연기"와 "가"처럼 체언과 조사가 대개 알아서 갈라진다. `▁`는 그 자리에서 새 어절이
# 시작된다는 표시다.

# %%
from pipeline.support.silenced_stderr import silenced_stderr

with silenced_stderr():
    from pipeline.text.tokenizer import Tokenizer

pieces = Tokenizer(data / "tokenize")
for text in [rave, complaint]:
    print(len(pieces.split(text)), pieces.split(text))

# %% [markdown]
# 두 문장에 똑같이 `▁죽인다`라는 조각이 들어 있다. 자주 나온 말은 통째로 한 조각이 되고, 드문 말은 한 글자씩 쪼개지기도
# 한다.
#
# ## 한 조각씩 읽기
#
# 모델은 단순하다. 조각마다 벡터를 하나씩 찾아 LSTM에 차례로 넣는다. LSTM은 조각을 하나 읽을 때마다 지금까지 읽은 것을
# 담은 *상태*를 고쳐 쓰고, 그 상태들을 유닛마다 최댓값으로 모은 벡터에서 호평일 확률이 나온다. 먼저 앞뒤를 다 떼고
# "죽인다!"만 읽힌다.

# %%
from pipeline.model.inference import predict_proba
from pipeline.model.saving import load
from pipeline.report.gates import draw_gates, trace_gates
from pipeline.report.prefix_predictions import read_prefixes
from pipeline.report.reading_figures import draw_readings

model = load(lstm / "train")
alone = predict_proba(model, pieces.encode(["죽인다!"]))[0]
print(f"{alone:.2f}  죽인다!")
assert 0.2 < alone < 0.8

# %% [markdown]
# 0.5에서 멀지 않다. 앞서 세어 본 대로, 신경망도 이 말만으로는 어느 쪽인지 정하지 못한다.
#
# 이제 두 문장을 앞에서부터 한 조각씩 읽힌다. `read_prefixes`는 첫 조각만 읽었을 때, 둘째 조각까지 읽었을 때, …, 다
# 읽었을 때의 확률을 차례로 준다. 점이 파라면 호평, 붉으면 혹평 쪽이다.

# %%
readings = [read_prefixes(model, pieces, text, max_length=128) for text in (rave, complaint)]
draw_readings(png, readings)
assert readings[0].positive[-1] > 0.9 and readings[1].positive[-1] < 0.1
Image(png, width=800)

# %% [markdown]
# 처음에는 둘 다 가운데 가까이에서 출발해, 맥락이 드러나는 조각에서 갈라선다. "죽인다"에 이르면 이미 결론이 나 있다.
# 사람도 그렇다. "배우들 연기가 진짜…"까지 들으면 다음에 올 "죽인다"가 칭찬인 줄 벌써 안다.
#
# ## 같은 낱말, 다른 순서
#
# 그런데 이 두 문장은 베이스라인도 맞혔다. 두 모델의 차이를 보려면 **쓰인 낱말은 똑같고 순서만 다른데 레이블이 반대인**
# 리뷰가 필요하다. 순서를 버린 모델에게 그런 두 글은 한 글이나 마찬가지다. test에는 그런 쌍이 많다. 어절을 가나다순으로
# 늘어놓았을 때 같아지는 리뷰끼리 묶으면 찾을 수 있다.

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
# 칭찬 하나와 불평 하나가 자리를 맞바꾸었을 뿐인데 결론이 뒤집힌다. "그럼에도"나 "두 번째가 이겼어" 같은 말이 어느 쪽을
# 남길지 정하기 때문이다.
#
# 이런 쌍에서는 *일관성*을 잰다. 쌍의 두 글을 **모두** 맞혀야 하나로 친다. 아무렇게나 찍으면 넷에 하나(25 %)가 맞고, 두
# 글에 늘 같은 답을 하면 하나도 못 맞힌다.

# %%
from pipeline.evidence.metrics import both_right

good, bad = zip(*pairs, strict=True)
on_good, on_bad = predict_proba(model, pieces.encode([*good, *bad])).reshape(2, -1)
print(f"{both_right(baseline_positive(baseline, good), baseline_positive(baseline, bad)).mean():.1%}  baseline")
print(f"{both_right(on_good, on_bad).mean():.1%}  network")
assert both_right(baseline_positive(baseline, good), baseline_positive(baseline, bad)).mean() < 0.25
assert both_right(on_good, on_bad).mean() > 0.8

# %% [markdown]
# 베이스라인은 찍는 것만도 못하다. 두 글이 거의 똑같아 보여서 같은 답을 하기 때문이다. 이웃한 두 낱말까지 세어도,
# 결론을 바꾸는 말은 대개 그보다 멀리 있다. 신경망은 대부분의 쌍에서 둘 다 맞힌다. 2번 물음과 3번 물음의 답이 여기
# 있다.
#
# 둘 다 맞힌 쌍 가운데 가장 짧은 것을 골라 신경망이 한 조각씩 읽는 모습을 보자.

# %%
right = [n for n in range(len(good)) if on_good[n] >= 0.5 > on_bad[n]]

draw_readings(png, [read_prefixes(model, pieces, text, max_length=128) for text in (good[right[0]], bad[right[0]])])
Image(png, width=800)

# %% [markdown]
# 두 그림을 견주어 보자. 같은 말이라도 앞에 나올 때와 뒤에 나올 때 곡선을 다르게 움직인다. 처음 들은 의견으로 일단
# 기울었다가, 어느 쪽을 남길지 정하는 말을 지나면 마음을 바꾸거나 굳힌다. 확률이 0.5를 넘나드는 자리를 찾아 그 조각을
# 읽어 보라. 거기가 맥락이 뜻을 정하는 자리다.
#
# ## 게이트
#
# LSTM은 어떻게 앞의 말을 간직할까? 기억 $c$는 조각을 하나 읽을 때마다 이렇게 바뀐다 (`pipeline/cells/lstm.py`의
# 첫머리에 같은 식이 같은 글자로 적혀 있다).
#
# $$c_t = f_t \, c_{t-1} + i_t \, g_t, \qquad h_t = o_t \tanh(c_t)$$
#
# 망각 게이트 $f$는 지난 기억을 얼마나 남길지, 입력 게이트 $i$는 새것 $g$를 얼마나 적을지, 출력 게이트 $o$는 기억을
# 얼마나 내보일지를 0과 1 사이의 수로 정한다. 칭찬하는 문장을 읽는 동안의 게이트를 그려 보자.

# %%
gates = trace_gates(model, readings[0].ids)
draw_gates(png, readings[0], gates)
Image(png, width=640)

# %% [markdown]
# 그림은 이렇게 읽는다. 세로줄 하나가 조각 하나, 가로줄 하나가 유닛 하나이고, 짙을수록 게이트가 열린 것이다. 어떤
# 조각에서 입력 게이트가 짙어지면 그 유닛이 그 조각을 적어 두었다는 뜻이고, 망각 게이트가 옅어지면 그 자리에서 지난
# 기억을 지웠다는 뜻이다. `candidate`는 적으려는 내용 $g$라서 −1과 1 사이의 값을 가진다. 맨 위 그림은 기억 $c$
# 자체이고, 1을 넘어 커질 수 있다. 그림마다 변화가 큰 유닛부터
# 스물네 개를 따로 골랐으므로, 위아래 그림에서 같은 높이에 있는 줄이라고 같은 유닛은 아니다. 유닛 하나하나에 뜻을
# 붙이고 싶어지겠지만 참자. 그림은 실마리일 뿐 증명이 아니다.
#
# 그보다 확실한 것은 곱셈이다. 식에서 보듯 $t$번째 조각에서 적은 기억은 그 뒤로 망각 게이트를 지날 때마다 곱해져
# 줄어든다. 그러니 뒤따르는 $f$를 모두 곱하면, 그 조각에서 적은 것이 끝까지 얼마나 남는지 나온다.

# %%
import numpy as np

for n, piece in enumerate(pieces.split(rave)):
    kept = gates["forget"][n + 1 :].prod(axis=0)
    print(f"median unit {np.median(kept):4.0%}, longest memory {kept.max():4.0%}  {piece}")
    if n == 0:
        assert np.median(kept) < 0.5 and kept.max() > 1 / 3

# %% [markdown]
# 앞에서 적은 것일수록 적게 남는다. 가운데쯤 되는 유닛은 문장이 끝날 때까지 대부분을 잊지만, 첫 조각에서 적은 것을 3분의 1
# 넘게 간직하는 유닛도 있다. 짧은 글에서 맥락을 기억한다는 말은 이 곱이 0으로 사라지지
# 않는다는 말이다. 긴 글에서는 다음 조각의 게이트가 읽는 $h$를 거쳐 돌아오는 길도 있다. 그 길은
# [2장](02_gradients.py)에서 쟀다.
#
# ## 얼마나 멀리까지
#
# "죽인다" 바로 앞에 맥락이 있으면 쉽다. 둘 사이에 아무 뜻 없는 말이 길게 끼어들면 어떨까? 평가 단계는 맥락과 표현 사이에
# 어떤 감정도 없는 글("토요일 오후에 마을버스를 타고…")을 0조각에서 80조각까지 끼워 넣고 잰다.

# %%
from pipeline.artifact.tables import read_table
from pipeline.report.distance import draw_distance

draw_distance(png, {"lstm": lstm / "evaluate" / "distance.tsv"})
rows = read_table(lstm / "evaluate" / "distance.tsv")
assert all(float(row["consistency"]) > 0.9 and float(row["baseline_consistency"]) < 0.5 for row in rows)
Image(png, width=640)

# %% [markdown]
# 여든 조각 떨어져도 거의 다 맞힌다. [2장](02_gradients.py)의 기울기 흐름이 왜 중요했는지 여기서 보인다. 학습할 때 그 거리를
# 기울기가 건너왔기 때문에 배울 수 있었다. 낱말 주머니에게는 거리가 아무 뜻도 없다. 어느 거리에서나 똑같이 절반도 못 맞힌다.
#
# ## 무엇을 보고 정했나
#
# 확률이 어디서 움직이는지는 보았다. 그런데 끝에 나온 답에 조각마다 얼마나 이바지했을까? 두 가지 방법으로 잰다. *통합
# 기울기*(integrated gradients)는 임베딩을 0에서 제자리까지 조금씩 키우며 기울기를 모은다. *가림*(occlusion)은 조각을 하나 빼고
# 로짓이 얼마나 달라지는지 본다. 0보다 크면 호평 쪽, 작으면 혹평 쪽이다.

# %%
from pipeline.report.attribution import attribute

drawing = figure(12, 3.6)
attributions = [attribute(model, reading.ids) for reading in readings]
for axes, reading, found in zip(drawing.subplots(1, 2), readings, attributions, strict=True):
    places = np.arange(len(reading.ids))
    axes.axhline(0, color=NEUTRAL, linewidth=1)
    axes.bar(places - 0.2, found.integrated_gradients, 0.4, color=POSITIVE, label="통합 기울기 · integrated gradients")
    axes.bar(places + 0.2, found.occlusion, 0.4, color=NEUTRAL, label="가림 · occlusion")
    axes.set_xticks(places, reading.labels, rotation=45)
    axes.set(title=reading.text)
axes.legend(frameon=False)
drawing.supylabel("로짓에 이바지한 만큼 · contribution to the logit")
save(drawing, png)

for reading, found in zip(readings, attributions, strict=True):
    print(
        f"sum of integrated gradients {found.integrated_gradients.sum():+.2f}, residual {found.residual:.2f}  {reading.text}"
    )
assert attributions[0].integrated_gradients.sum() > 0 > attributions[1].integrated_gradients.sum()
Image(png, width=900)

# %% [markdown]
# 두 방법이 크게 어긋나는 조각이 있을 것이다. 이상한 일이 아니다. 조각 하나를 빼도 다른 조각이 같은 말을 해 주면 가림은 0에
# 가깝다. 둘이 함께 가리키는 조각이라면 믿을 만하다. 통합 기울기를 모두 더하면 로짓에서 빈 글의 로짓을 뺀 것과 같아야
# 하는데, 다 맞지 않고 남은 것이 `residual`이다.
#
# ## 사람이 쓴 말 앞에서
#
# `maekrak`은 지어낸 말뭉치다. 여기서 높은 점수가 나왔다면 신경망이 맥락을 *쓸 줄 안다*는 뜻이지, 한국어를 안다는 뜻은
# 아니다. 이 프로젝트에는 사람의 말투로 손수 쓴 최소쌍이 따로 있다 (`pipeline/evidence/pairs/ko.yaml`). 학습용 리뷰에 없는
# 낱말과 표현으로 적힌, 훨씬 어려운 시험이다. 갈래마다 둘 다 맞힌 쌍의 비율을 그린다. `make all DATA=nsmc`를 돌려 네이버
# 리뷰로 배운 모델이 있으면 함께 나온다.

# %%
tables = {"maekrak/lstm": read_table(lstm / "evaluate" / "pairs.tsv")}
for path in sorted(data.parent.glob("nsmc/*/evaluate/pairs.tsv")):
    tables[f"nsmc/{path.parts[-3]}"] = read_table(path)
categories = list(dict.fromkeys(row["category"] for row in tables["maekrak/lstm"]))


def consistency(rows, of=""):
    """The share of pairs with both members right, by category, of the network or, with of="baseline_", the baseline."""
    found = {}
    for category in categories:
        members = [
            [float(row[f"{of}{who}_positive"]) for who in ("pos", "neg")] for row in rows if row["category"] == category
        ]
        found[category] = both_right(*np.array(members).T).mean()
    return found


shown = {name: consistency(rows) for name, rows in tables.items()}
shown = {"maekrak/baseline": consistency(tables["maekrak/lstm"], of="baseline_")} | shown
drawing = figure(11, 3.6)
axes = drawing.subplots()
for n, (name, shares) in enumerate(shown.items()):
    places = np.arange(len(categories)) + (n - (len(shown) - 1) / 2) * 0.8 / len(shown)
    axes.bar(
        places, list(shares.values()), 0.8 / len(shown), label=name, color=[NEUTRAL, POSITIVE, "#e08214"][min(n, 2)]
    )
axes.axhline(0.25, color=NEGATIVE, linestyle=":", label="찍기 · guessing")
axes.set_xticks(range(len(categories)), categories)
axes.set(ylim=(0, 1), ylabel="둘 다 맞힌 쌍 · both right")
axes.legend(frameon=False, loc="upper right")
save(drawing, png)

assert evaluated.metrics["pair_consistency"] < 0.5 < evaluated.metrics["test_accuracy"]
assert max(shown["maekrak/lstm"][category] for category in ("negation", "order")) < 0.3
Image(png, width=820)

# %% [markdown]
# test에서보다 훨씬 낮다. 특히 부정(`negation`)과 순서(`order`)에서는 찍는 것(25 %)과 다를 바 없거나 그보다 못하다. 왜 그럴까? 둘 다
# 틀렸거나 하나만 맞힌 쌍을 몇 개 골라, 신경망이 모르는 말이 얼마나 되는지 조각으로 쪼개 본다.

# %%
missed = [
    row
    for row in tables["maekrak/lstm"]
    if row["category"] in ("negation", "order") and not float(row["pos_positive"]) >= 0.5 > float(row["neg_positive"])
]
for row in missed[:4]:
    print(f"{float(row['pos_positive']):.2f} {' '.join(pieces.split(row['pos']))}")
    print(f"{float(row['neg_positive']):.2f} {' '.join(pieces.split(row['neg']))}\n")

known_words = {word for text in train.texts for word in text.split()}
new_words = {
    "test of maekrak": np.mean([word not in known_words for text in test.texts for word in text.split()]),
    "these pairs": np.mean(
        [word not in known_words for row in missed for who in ("pos", "neg") for word in row[who].split()]
    ),
}
print({name: f"{share:.0%} of the words are not in train" for name, share in new_words.items()})
assert new_words["test of maekrak"] < 0.05 and new_words["these pairs"] > 0.5

# %% [markdown]
# 두 가지가 보인다.
#
# - **모르는 말이다.** 어절의 절반 이상이 학습용 리뷰에 없던 것이라 한 글자씩, 더러는 바이트로 부서진다. 거기서 무엇이 칭찬인지는
#   배운 적이 없다. 모르는 낱말로 된 맥락은 맥락 구실을 하지 못한다.
# - **배울 까닭이 없던 것이다.** `maekrak`에는 "안 지루하다"처럼 부정이 뜻을 뒤집는 글이 이런 꼴로 나오지 않는다. 신경망은
#   학습용 글을 맞히는 데 필요한 만큼만 배운다.
#
# 사람이 쓴 리뷰를 읽히려면 사람이 쓴 리뷰로 배워야 한다. 그래서 이 파이프라인은 `DATA=nsmc`로 네이버 영화 리뷰도 똑같이
# 다룬다. 그렇게 배운 모델은 최소쌍에서 훨씬 낫지만, 그래도 절반을 넘지 못한다. 사람의 짧은 리뷰는 어순 없이 낱말만으로도 대개
# 풀려서, 어순을 배울 까닭이 적기 때문이다. 잰 값은 [근거의 방](../../pipeline/evidence/README.ko.md)에 있다.

# %% [markdown]
# ## 요약
#
# - "죽인다" 같은 말은 호평과 혹평에 반반씩 나온다. 그 말만 봐서는 아무것도 알 수 없다.
# - 맥락이 바로 곁에 있으면 낱말을 세기만 해도 풀린다. 순서가 뜻을 정하면 낱말을 세는 것으로는 풀 수 없다.
# - 순환 신경망은 읽은 것을 상태에 담아 다음 조각으로 넘긴다. 그래서 같은 낱말을 다른 순서로 읽으면 다른 답을 내고, 여든 조각
#   앞의 맥락도 간직한다.
# - 게이트는 무엇을 적고, 지우고, 내보일지를 조각마다 정한다. 망각 게이트의 곱이 기억의 수명이다.
# - 맥락을 쓸 줄 아는 것과 말을 아는 것은 다르다. 숫자를 볼 때는 무엇으로 쟀는지부터 본다.
#
# ## 연습 문제
#
# 1. `predict_proba(model, pieces.encode([...]))`로 "음악이 진짜 죽인다!"를 읽히고, "음악이"를 다른 말로 바꿔 가며 확률이 어떻게
#    달라지는지 적어 보라. 말뭉치에 없을 법한 말, 이를테면 "믹싱이"를 넣으면 어떻게 되는가?
# 2. 베이스라인이 이웃한 세 낱말까지 센다면 순서만 다른 쌍을 풀 수 있을까? 먼저 예상해 보고
#    `BaselineConfig(**evaluated.config["baseline"] | {"word_ngrams": 3})`으로 확인하라.
# 3. `right`에 들지 못한 쌍을 열 개쯤 출력해 보라. 신경망이 자주 틀리는 말투가 있는가?
#
# <details>
# <summary>답</summary>
#
# 1. 말뭉치에 있는 말이면 확률이 한쪽으로 분명하게 기운다. "믹싱이"는 낱글자나 바이트로 쪼개져 실마리가 되지 못하니, 나머지
#    말만 읽은 것과 비슷한 확률이 나온다. `pieces.split`으로 쪼개진 모양부터 보라.
# 2. 거의 풀지 못한다. 결론을 바꾸는 말은 대개 세 낱말보다 멀리 있고, 쌍의 두 글은 나머지가 거의 같다. 맨 아래 칸에서 재 본다.
# 3. 그때그때 다르지만, 대개 결론을 정하는 말이 드문 꼴로 적혀 있거나 두 의견이 모두 애매한 표현으로 적힌 쌍이다. `draw_readings`로
#    그려 어느 조각에서 잘못 기울었는지 보라.
#
# </details>
#
# ## 출처
#
# - Gardner et al. 2020, *Evaluating models' local decision boundaries via contrast sets*, EMNLP Findings. 쌍과 일관성, 2절.
# - Ribeiro et al. 2020, *Beyond accuracy: behavioral testing of NLP models with CheckList*, ACL. 틀에 넣어 거리를 재는 방법.
# - Sundararajan et al. 2017, *Axiomatic attribution for deep networks*, ICML, 3절. 통합 기울기.
# - Zeiler & Fergus 2014, *Visualizing and understanding convolutional networks*, ECCV. 가림.

# %%
# 답에 나온 수를 확인한다 · The numbers of the answers, checked
three = fit_baseline(BaselineConfig(**evaluated.config["baseline"] | {"word_ngrams": 3}), train)
solved = both_right(baseline_positive(three, good), baseline_positive(three, bad)).mean()
print(f"{solved:.1%} of the pairs of the same words, counting three words in a row")
assert solved < 0.25
assert len(pieces.split("믹싱이")) >= 3
