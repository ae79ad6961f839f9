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
# 말, 곧 *맥락*이다. 이 노트북에서는 말뭉치에서 출발해, 순환 신경망이 문장을 한 조각씩 읽으며 마음을 정하는 순간까지
# 따라가 본다. 그러면서 이 프로젝트의 세 가지 물음에 답한다.
#
# 1. "죽인다" 같은 말은 정말 그 자체로는 아무것도 알려 주지 않을까?
# 2. 낱말을 세기만 하는 모델은 어디까지 해내고, 어디서 막힐까?
# 3. 읽은 것을 기억하는 모델은 무엇을 더 할 수 있을까?
#
# 모델을 학습하는 일은 이미 `make all`이 해 두었다. 각 단계의 결과는 `artifacts/`에 있고, 저마다 무엇으로 어떻게
# 만들었는지 적은 매니페스트로 봉인되어 있다. 먼저 평가 단계의 매니페스트를 연다. 여기서 파일이 없다는 오류가 나면
# 터미널에서 `make all`을 한 번 돌리면 된다.

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
for phrase in ["죽인다", "미쳤", "역대급", "소름", "장난 아니", "기가 막", "시간만", "연기가", "국어책"]:
    labels = [label for text, label in zip(train.texts, train.labels, strict=True) if phrase in text]
    print(f"{labels.count(1):4} of {len(labels):4} positive: {labels.count(1) / len(labels):.2f}  {phrase}")

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

# %% [markdown]
# 잘 맞힌다! "연기가"와 "시간만"이 저마다 제 쪽으로 끌어당긴 덕이다. 이렇게 칭찬과 불평이 바로 곁에 드러난 문장은
# 세기만 해도 풀린다. 하지만 모든 리뷰가 그렇게 친절하지는 않다. 처음 보는 리뷰인 test 전체에서 베이스라인과 신경망이
# 맞힌 비율을 매니페스트에서 꺼내 보자.

# %%
for name in ["baseline_test_accuracy", "test_accuracy"]:
    print(f"{evaluated.metrics[name]:.1%}  {name}")

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
print(f"{predict_proba(model, pieces.encode(['죽인다!']))[0]:.2f}  죽인다!")

# %% [markdown]
# 0.5에서 멀지 않다. 앞서 세어 본 대로, 신경망도 이 말만으로는 어느 쪽인지 정하지 못한다.
#
# 이제 두 문장을 앞에서부터 한 조각씩 읽힌다. `read_prefixes`는 첫 조각만 읽었을 때, 둘째 조각까지 읽었을 때, …, 다
# 읽었을 때의 확률을 차례로 준다. 점이 파라면 호평, 붉으면 혹평 쪽이다.

# %%
from tempfile import TemporaryDirectory

from IPython.display import Image

figures = TemporaryDirectory()
png = Path(figures.name) / "figure.png"

readings = [read_prefixes(model, pieces, text, max_length=128) for text in (rave, complaint)]
draw_readings(png, readings)
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

# %% [markdown]
# 앞에서 적은 것일수록 적게 남는다. 가운데쯤 되는 유닛은 문장이 끝날 때까지 대부분을 잊지만, 첫 조각에서 적은 것을 절반
# 넘게 간직하는 유닛도 있다. 짧은 글에서 맥락을 기억한다는 말은 이 곱이 0으로 사라지지
# 않는다는 말이다. 긴 글에서는 다음 조각의 게이트가 읽는 $h$를 거쳐 돌아오는 길도 있다. 다음 노트북
# `02_gradients`에서 재 본다.
#
# ## 상태에 얼마나 담길까
#
# 신경망은 읽은 것을 상태에 담아 다음 조각으로 넘긴다. 그 상태만 보고 글을 도로 쓸 수 있을까? 그렇게 하는 모델이 *시퀀스
# 오토인코더*다 (Dai & Le 2015, `pipeline/objectives/seq2seq.py`). 인코더가 리뷰를 끝까지 읽어 마지막 상태를 남기면, 디코더가 다른
# 것은 보지 않고 그 상태에서 출발해 리뷰를 한 조각씩 다시 쓴다. 레이블이 필요 없으니, `pretrain.objective`를 `seq2seq`로
# 정하면 이렇게 먼저 배운 인코더에서 분류기가 출발한다.
#
# 짧은 리뷰 이천 개로 아주 작은 것을 하나 학습해 보자 (20초쯤 걸린다). 학습할 때 디코더는 제가 무엇을 썼든 바로 앞의
# 옳은 조각을 받는다. 이것을 교사 강요(teacher forcing)라고 한다.

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
    pieces = Tokenizer(data / "tokenize")  # 시드를 정하면 토크나이저가 든 TensorFlow의 캐시가 비므로
    reconstructor = load_reconstructor(config, pieces, Path(folder))

# %% [markdown]
# `dev_piece_accuracy`는 앞의 조각들을 알려 줄 때 맞힌 조각의 비율이고, `dev_greedy_accuracy`는 혼자 쓸 때 제자리에 온
# 조각의 비율이다. 혼자 쓰면 한 번의 잘못이 뒤로 이어진다.
#
# 이제 학습한 리뷰 둘과 처음 보는 리뷰 둘을 읽히고 다시 쓰게 한다. `1`은 조각마다 가장 그럴듯한 것 하나만 고르는
# 탐욕적인 방법이고, `4`는 그럴듯한 글 넷을 나란히 이어 가는 빔 서치다. 가운데 수는 쓴 글의 로그 확률이다.

# %%
for text in [*known[:2], *unknown[:2]]:
    print(f"\n{text}")
    for beams in (1, 4):
        (written,) = reconstructor.reconstruct([text], beams)
        print(f"{beams} {written.log_probability:6.1f}  {written.text}")

# %% [markdown]
# 쓴 글을 본디 글과 견주어 보라. 무엇이 남고 무엇이 바뀌었는가? 상태는 숫자 96개짜리 벡터 둘이고, 글은 거기에 다 담겨야
# 한다. 처음 보는 글은 배운 글의 조각들로 다시 짜 맞춘다.
#
# ## 어디까지 믿을까
#
# `maekrak`은 지어낸 말뭉치다. 여기서 높은 점수가 나왔다면 신경망이 맥락을 *쓸 줄 안다*는 뜻이지, 한국어를 안다는 뜻은
# 아니다. 이 프로젝트에는 손으로 쓴 최소쌍이 따로 있다 (`pipeline/evidence/pairs/ko.yaml`). 학습용 리뷰에 없는 낱말과
# 말투로 적힌, 훨씬 어려운 시험이다.

# %%
for name in ["baseline_pair_consistency", "pair_consistency"]:
    print(f"{evaluated.metrics[name]:.1%}  {name}")

# %% [markdown]
# 둘 다 test에서보다 훨씬 낮다. 찍어서 맞힐 확률인 25 %와 견주어 보라. 모르는 낱말로 된 맥락은 맥락 구실을 하지 못한다.
# 사람이 쓴 리뷰를 읽히려면 사람이 쓴 리뷰로 배워야 한다. 그래서 이 파이프라인은 `DATA=nsmc`로 네이버 영화 리뷰도
# 똑같이 다룬다.
#
# ## 요약
#
# - "죽인다" 같은 말은 호평과 혹평에 반반씩 나온다. 그 말만 봐서는 아무것도 알 수 없다.
# - 맥락이 바로 곁에 있으면 낱말을 세기만 해도 풀린다. 순서가 뜻을 정하면 낱말을 세는 것으로는 풀 수 없다.
# - 순환 신경망은 읽은 것을 상태에 담아 다음 조각으로 넘긴다. 그래서 같은 낱말을 다른 순서로 읽으면 다른 답을 낸다.
# - 게이트는 무엇을 적고, 지우고, 내보일지를 조각마다 정한다. 망각 게이트의 곱이 기억의 수명이다.
# - 맥락을 쓸 줄 아는 것과 말을 아는 것은 다르다. 숫자를 볼 때는 무엇으로 쟀는지부터 본다.
#
# ## 연습 문제
#
# 1. 터미널에서 `make predict TEXT='음악이 진짜 죽인다!'`를 돌려 보라. "음악이"를 다른 말로 하나씩 바꿔 가며 확률이
#    어떻게 달라지는지 적어 보라. 말뭉치에 없을 법한 말을 넣으면 어떻게 되는가?
# 2. "미쳤다"나 "소름 돋는다"로 호평과 혹평을 한 문장씩 직접 쓰고 `draw_readings`로 그려 보라. 확률은 어느 조각에서
#    갈라지는가? 틀렸다면 `pieces.split`으로 문장이 어떻게 쪼개졌는지부터 보라.
# 3. `right`에 들지 못한 쌍을 열 개쯤 출력해 보라. 신경망이 자주 틀리는 말투가 있는가?
# 4. `make all CELL=gru`를 돌린 뒤 이 노트북의 `"lstm"`을 `"gru"`로 바꿔 다시 실행하라. GRU에는 어떤 게이트가 있고,
#    지난 기억이 얼마나 남는지 보려면 `"forget"` 대신 무엇을 곱해야 할까? 게이트가 없는 `CELL=vanilla`는 순서만 다른
#    쌍을 얼마나 맞히는가? (*게이트* 절의 두 칸은 건너뛴다.) `make compare`로 세 신경망을 나란히 놓고 보라.
# 5. 베이스라인이 이웃한 세 낱말까지 센다면 순서만 다른 쌍을 풀 수 있을까? 먼저 예상해 보고
#    `BaselineConfig(**evaluated.config["baseline"] | {"word_ngrams": 3})`으로 확인하라.
