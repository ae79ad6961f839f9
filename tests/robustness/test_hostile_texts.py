"""Hostile texts: training and serving read the same pieces of them, and every form of a model gives one answer."""

import random
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.model.inference import predict_proba
from pipeline.model.saving import load, save
from pipeline.serving.graph import Serving
from pipeline.text.batching import encode, pad
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.vocabulary import PADDING

MAX_LENGTH = 128
NAUGHTY = [
    "", " ", "\n", "\r\n", "\t", "\0", "\0\0\0", "a\0b", "\x1b[31m빨강\x1b[0m", "\x7f", "\x85", "\u2028", "\u2029",
    "\u200b", "\ufeff", "\u00ad", "\u2060", "\u3164", "\u115f\u1160", "\u200f\u202e거꾸로\u202c", "\u2800", "\u180e",
    "\ufffd", "\ufffe", "\uffff", "\U0010ffff", "\ue000", "\U000e0041", "\ufdd0",
    "▁", "▁▁▁", "▁좋다", "<pad>", "<unk>", "<s>", "</s>", "<0x00>", "<0xEC><0xA2><0x8B>", "<bos>좋다<eos>", "[MASK]",
    "죽" * 10_000, "ㅋ" * 5_000, "ㅋㅋㅎㅎㅠㅠ", "." * 3_000, "가나" * 2_000, " " * 5_000, "좋다 " * 3_000, "\0" * 300,
    "ᄒ\u1161\u11ab글", "ㅎㅏㄴㄱㅡㄹ", "하\u11ab", "각\u11a8", "뷁 쀍 쮋 뛟", "훈민정음 나랏말ᄊᆞ미", "ㄱ\u302e",
    "ﾏ ﾊﾞ ﾊﾟ", "ﾡﾱ",
    "ＦＵＬＬ　ＷＩＤＴＨ", "ﬁ ﬂ ﬀ ﷺ", "①②③ ㈜ ㎏ ½ ™", "𝒻𝒶𝓃𝒸𝓎 𝕋𝕖𝕩𝕥", "ℌ𝔢𝔩𝔩𝔬", "ⅷ Ⅻ", "İstanbul ıI", "ß ẞ ſ", "Ǆ ǅ ǆ",
    "e\u0301\u0301\u0301", "Z̸̡̢͍̣͚̰̘̆̇̈̉a͎̦̲̩̹͔̿̾̽̕l͙͚̬̲̈́g̡̢̛̗o̧̨", "\u0301앞에 붙은 부호", "a" + "\u0300" * 500, "क्षि த்ரீ กำ", "ﷺ" * 40,
    "😀", "👨\u200d👩\u200d👧\u200d👦", "👍🏽", "🇰🇷🇺🇸", "❤\ufe0f❤\ufe0e", "1\ufe0f\u20e3",
    "🫨🪿🫶", "🏴\U000e0067\U000e0062\U000e007f",
    "<script>alert(1)</script>", "'; DROP TABLE reviews; --", '" OR 1=1', "{{7*7}} ${7*7} #{7*7}", "%s%n%x", "%00",
    "../../etc/passwd", "$(reboot) `id` | cat", "\\", "\\\\n\\u0000", '{"text": null}', "NaN", "Infinity", "-0",
    "1e999", "null", "None", "undefined", "true", "0x1F", "1/0", "999999999999999999999999", "１２３", "٣٤٥", "http://[::1]/?a=b&c",
    "العربية", "עברית", "ไทย", "မြန်မာ", "ქართული", "中文電影很好看", "とても良い映画", "Ελληνικά", "Кириллица",
    "𐍈𐌰", "𒀀𒁀", "𓀀",
    "No news is\tno\vnews\f", "좋다\u00a0나쁘다\u3000끝", "줄1\n줄2\r줄3", "<br /><br />", "&lt;&amp;&#0;",
    "🎬" * 1_000,
]  # fmt: skip


def hostile_texts(count: int) -> list[bytes]:
    """Return the same `count` texts each time: those above, what hypothesis draws, mixtures of both, random bytes."""
    chance, drawn = random.Random(1), [text.encode() for text in NAUGHTY]

    @settings(max_examples=count // 3, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
    def draw(text: str) -> None:
        drawn.append(text.encode())

    draw()
    while len(drawn) < count:
        mixed = b"".join(chance.sample(drawn, 3))[:2_000]  # cut anywhere: often within a character
        drawn += [chance.randbytes(chance.randrange(1, 100)), mixed, bytes(chance.choices(range(0xC0, 0x100), k=9))]
    return drawn[:count]


class Ids(tf.Module):
    """What `Serving` does to texts before its model, as a graph of its own that is saved and loaded again."""

    def __init__(self, serving: Serving) -> None:
        super().__init__()
        self.tokenizer, self.op, self.max_length = serving.tokenizer, serving.op, serving.max_length

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def __call__(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"ids": pad(encode(self.tokenizer, text, self.max_length))}


Serve = Callable[[list[bytes]], np.ndarray]


def reload(module: tf.Module, folder: Path) -> Serve:
    """Save a module as a SavedModel and return what it serves."""
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.__call__})
    model = tf.saved_model.load(str(folder))

    def serve(texts: list[bytes]) -> np.ndarray:
        (answer,) = model.signatures["serving_default"](text=tf.constant(texts)).values()
        return answer.numpy()

    return serve


class Forms:
    """One model in memory, as `.keras` and as SavedModel, with the tokenizer of each."""

    def __init__(self, tokenize: Path, train: Path, folder: Path) -> None:
        self.tokenizer, self.model = Tokenizer(tokenize), load(train)
        save(self.model, folder / "model.keras")
        self.reloaded = keras.saving.load_model(folder / "model.keras")
        serving = Serving(self.tokenizer, self.model, MAX_LENGTH)
        self.serve, self.serve_ids = reload(serving, folder / "1"), reload(Ids(serving), folder / "ids")


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory, tokenize_folder: Path, train_folder: Path) -> Forms:
    return Forms(tokenize_folder, train_folder, tmp_path_factory.mktemp("forms"))


def in_batches(serve: Serve, texts: list[bytes], sizes: list[int]) -> list[np.ndarray]:
    """Serve the texts in a random order in batches of some of these sizes; return an answer each."""
    chance, answers = random.Random(2), {}
    order = chance.sample(range(len(texts)), len(texts))
    while order:
        size = chance.choice(sizes)
        rows, order = order[:size], order[size:]
        answers |= dict(zip(rows, serve([texts[row] for row in rows]), strict=True))
    return [answers[row] for row in range(len(texts))]


def compare(forms: Forms, texts: list[bytes], alone: int) -> None:
    """Hold all forms to one another on all texts, and the first `alone` of them alone to them in batches."""
    ids = encode(forms.tokenizer, tf.constant(texts), MAX_LENGTH)
    trained = ids.to_list()
    served = [row[row != PADDING].tolist() for row in in_batches(forms.serve_ids, texts, [1, 2, 7, 64, 256])]
    assert sum(one == other for one, other in zip(trained, served, strict=True)) == len(texts)

    as_strings = [text.decode("utf-8", "replace") for text in texts]  # as ingest reads a data set
    assert encode(forms.tokenizer, as_strings, MAX_LENGTH).to_list() == trained

    memory = predict_proba(forms.model, ids)
    assert np.isfinite(memory).all() and ((memory >= 0) & (memory <= 1)).all()
    for other in (predict_proba(forms.reloaded, ids), in_batches(forms.serve, texts, [1, 3, 16, 100, 256])):
        np.testing.assert_allclose(other, memory, atol=1e-5, rtol=0)
    np.testing.assert_allclose(in_batches(forms.serve, texts[:alone], [1]), memory[:alone], atol=1e-5, rtol=0)


def test_all_forms_of_a_model_read_hostile_texts_alike(forms: Forms) -> None:
    compare(forms, hostile_texts(600), alone=200)


@pytest.mark.slow
def test_all_forms_of_a_model_read_10_000_hostile_texts_alike(forms: Forms) -> None:
    texts = hostile_texts(10_000)
    assert len(texts) == 10_000 and len(set(texts)) > 9_000
    compare(forms, texts, alone=10_000)
