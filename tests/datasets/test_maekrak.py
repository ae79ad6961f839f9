"""The embedded data set: what it promises, measured on every review."""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import tensorflow_datasets as tfds
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from pipeline.datasets.maekrak import maekrak_dataset_builder
from pipeline.datasets.maekrak.compose import PAIRS, Review, compose
from pipeline.datasets.maekrak.endings import HUMBLE, Register, end, join, stem
from pipeline.datasets.maekrak.josa import attach
from pipeline.datasets.maekrak.parts import COLOURS, HERE, Parts, load_parts

DIGEST = "5a54cff96b67544d3a9c14dc4465dd7343cc0c128518323870a8403212531015"
EASY = {"near", "far"}


@pytest.fixture(scope="module")
def parts() -> Parts:
    return load_parts()


@pytest.fixture(scope="module")
def splits() -> dict[str, list[Review]]:
    return compose()


@pytest.fixture(scope="module")
def reviews(splits: dict[str, list[Review]]) -> list[Review]:
    return splits["train"] + splits["test"]


def pairs(reviews: list[Review]) -> list[tuple[Review, Review]]:
    return list(zip(reviews[::2], reviews[1::2], strict=True))


class TestSources:
    def test_size(self, parts: Parts) -> None:
        clauses = [part.text for side in parts.clauses.values() for part in side]
        scenes = [part.text for group in parts.scenes.values() for part in group]
        assert len({phrase.plain for phrase in parts.phrases}) == len(parts.phrases) >= 80
        assert len(set(clauses + scenes)) == len(clauses + scenes) >= 600

    def test_every_list_has_all_colours(self, parts: Parts) -> None:
        lists = [
            side for frame in parts.frames.values() for side in (frame.values() if isinstance(frame, dict) else [frame])
        ]
        lists += [
            *parts.scenes.values(),
            *(side for phrase in parts.phrases for side in phrase.subjects.values()),
        ]
        for side in parts.clauses.values():
            topics = defaultdict(list)
            for part in side:
                topics[part.topic].append(part)
            lists += topics.values()
        for entries in lists:
            assert {part.colour for part in entries} == set(range(COLOURS)), entries

    def test_a_subject_has_one_colour(self, parts: Parts) -> None:
        subjects = {part for phrase in parts.phrases for side in phrase.subjects.values() for part in side}
        assert len({part.text for part in subjects}) == len(subjects)

    def test_every_sentence_takes_any_ending(self, parts: Parts) -> None:
        frames = [side for name in ("verdicts", "forewords", "picks") for side in parts.frames[name].values()]
        sentences = [part.text for side in [*parts.clauses.values(), *parts.scenes.values(), *frames] for part in side]
        for sentence in [*sentences, *(phrase.past for phrase in parts.phrases)]:
            assert stem(sentence) + "다" == sentence

    def test_every_list_of_subjects_is_used(self) -> None:
        def read(name: str) -> dict:
            return yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))

        groups = read("phrases")["groups"].values()
        assert {name for group in groups for side in ("good", "bad") for name in group[side]["of"]} == set(
            read("subjects")
        )

    def test_missing_source(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"phrases\.yaml"):
            load_parts(tmp_path)


class TestJosa:
    @pytest.mark.parametrize(
        ("word", "particle", "whole"),
        [
            ("연기", "이/가", "연기가"),
            ("반전", "이/가", "반전이"),
            ("영상미", "은/는", "영상미는"),
            ("음악", "은/는", "음악은"),
            ("노래", "을/를", "노래를"),
            ("결말", "을/를", "결말을"),
            ("시간", "만", "시간만"),
            ("연기", "에", "연기에"),
            ("허술한 CG", "이/가", "허술한 CG가"),
            ("아이맥스 3", "이/가", "아이맥스 3이"),
            ("시즌 2", "을/를", "시즌 2를"),
        ],
    )
    def test_attach(self, word: str, particle: str, whole: str) -> None:
        assert attach(word, particle) == whole

    def test_empty_word(self) -> None:
        with pytest.raises(ValueError, match="empty"):
            attach("", "이/가")

    def test_particles_agree_in_every_review(self, parts: Parts, reviews: list[Review]) -> None:
        subjects = {part.text for phrase in parts.phrases for side in phrase.subjects.values() for part in side}
        nouns = sorted(subjects | set(parts.words["people"]), key=len, reverse=True)
        marked = re.compile(rf"(?:{'|'.join(nouns)})(이|가|은|는|을|를)(?!\S)")
        found = Counter()
        for review in reviews:
            for match in marked.finditer(review.text):
                assert (match[1] in "이은을") == sounds_closed(match[0][-2]), review.text
                found[match[1]] += 1
        assert found.total() > 5000
        assert set(found) == set("이가은는을를")

    def test_no_object_particle_is_wrong(self, reviews: list[Review]) -> None:
        for review in reviews:
            for before, particle in re.findall(r"([가-힣])(을|를)(?!\S)", review.text):
                assert (particle == "을") == sounds_closed(before), review.text


def sounds_closed(syllable: str) -> bool:
    """Tell by Unicode's own decomposition, not by our arithmetic, whether a syllable ends in a consonant."""
    return len(unicodedata.normalize("NFD", syllable)) == 3


class TestEndings:
    @pytest.mark.parametrize(
        ("register", "said"),
        [
            (Register.PLAIN, "나는 정말 좋았다"),
            (Register.CASUAL, "나는 정말 좋았어"),
            (Register.POLITE, "저는 정말 좋았어요"),
            (Register.FORMAL, "저는 정말 좋았습니다"),
            (Register.NOUN, "나는 정말 좋았음"),
        ],
    )
    def test_end(self, register: Register, said: str) -> None:
        assert end("나는 정말 좋았다", register) == said

    def test_only_frames_speak_of_the_writer(self, parts: Parts, reviews: list[Review]) -> None:
        """나는 is also a verb form (티 나는), which must not become humble."""
        said = {clause for review in reviews for clause in review.clauses}
        assert not [clause for clause in said if set(clause.split()) & set(HUMBLE)]

    def test_only_whole_words_become_humble(self) -> None:
        assert end("나초랑 내내 나도 있었다", Register.POLITE) == "나초랑 내내 저도 있었어요"

    def test_join(self) -> None:
        assert join("좋았다", "지만") == "좋았지만"

    @pytest.mark.parametrize("sentence", ["", "다", "좋다", "좋았어", "죽인다"])
    def test_other_endings_are_refused(self, sentence: str) -> None:
        with pytest.raises(ValueError, match="ㅆ다"):
            stem(sentence)


class TestReviews:
    def test_size(self, reviews: list[Review]) -> None:
        assert len({review.text for review in reviews}) == len(reviews) >= 12_000

    def test_splits_share_no_words_in_order(self, splits: dict[str, list[Review]]) -> None:
        """Not even up to spaces, punctuation and emoticons."""
        bare = {name: {re.sub(r"[^가-힣]", "", r.text) for r in split} for name, split in splits.items()}
        assert not bare["train"] & bare["test"]

    def test_balance(self, parts: Parts, splits: dict[str, list[Review]]) -> None:
        for split, count in PAIRS.items():
            seen = Counter((review.phrase, review.label) for review in splits[split])
            assert seen == {(phrase.plain, label): count for phrase in parts.phrases for label in (0, 1)}

    def test_every_review_has_its_phrase(self, parts: Parts, reviews: list[Review]) -> None:
        forms = {p.plain: [bare(form) for form in (p.plain, p.polite, stem(p.past))] for p in parts.phrases}
        for review in reviews:
            assert any(form in bare(review.text) for form in forms[review.phrase]), review

    def test_no_combination_is_in_both_splits(self, splits: dict[str, list[Review]]) -> None:
        joined = {
            name: {(one, clause) for r in split for one in (r.phrase, *r.frames) for clause in r.clauses}
            for name, split in splits.items()
        }
        assert len(joined["test"]) > 1000
        assert not joined["train"] & joined["test"]

    def test_every_part_of_test_is_in_train(self, splits: dict[str, list[Review]]) -> None:
        known = {part for review in splits["train"] for part in (review.phrase, *review.frames, *review.clauses)}
        asked = {part for review in splits["test"] for part in (review.phrase, *review.frames, *review.clauses)}
        assert asked <= known

    @pytest.mark.parametrize("kind", ["turn", "pick", "contrast"])
    def test_swapped_pairs_have_the_same_words(self, kind: str, parts: Parts, reviews: list[Review]) -> None:
        within = {part.text for part in parts.frames["concessives"]}
        swapped = [pair for pair in pairs(reviews) if pair[0].kind == kind and not within & set(pair[0].frames)]
        assert len(swapped) > 500
        for good, bad in swapped:
            assert Counter(good.text.split()) == Counter(bad.text.split())
            assert good.text != bad.text
            assert (good.label, bad.label) == (1, 0)

    def test_a_pair_shares_all_but_what_decides(self, reviews: list[Review]) -> None:
        for good, bad in pairs(reviews):
            assert (good.kind, good.phrase, good.gap, good.frames) == (
                bad.kind,
                bad.phrase,
                bad.gap,
                bad.frames,
            )

    def test_distances(self, reviews: list[Review]) -> None:
        gaps = [review.gap for review in reviews if review.kind not in EASY]
        assert gaps.count(0) > 1000
        assert sum(gap > 50 for gap in gaps) > 1000  # about 30 pieces
        assert max(gaps) <= 80

    def test_determinism(self, splits: dict[str, list[Review]]) -> None:
        assert compose() == splits

    def test_the_same_on_every_machine(self, splits: dict[str, list[Review]]) -> None:
        """Whoever changes the reviews raises the builder's version and pins the new digest."""
        lines = (f"{name}\t{review.label}\t{review.text}\n" for name, split in splits.items() for review in split)
        assert hashlib.sha256("".join(lines).encode()).hexdigest() == DIGEST


def bare(text: str) -> str:
    """Return the text as it is without the slips that can touch a phrase: spaces, ㅅ for ㅆ, 거 for 것."""
    letters = unicodedata.normalize("NFD", re.sub(r"\s", "", text)).replace("\u11bb", "\u11ba")
    return unicodedata.normalize("NFC", letters).replace("거같", "것같")


def test_words_without_order_do_not_tell(splits: dict[str, list[Review]]) -> None:
    """A strong bag of words reads the easy kinds, so it works; it fails where the label is an interaction."""
    words = TfidfVectorizer(ngram_range=(1, 2))
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4))
    model = make_pipeline(make_union(words, letters), LogisticRegression(max_iter=300))
    model.fit([review.text for review in splits["train"]], [review.label for review in splits["train"]])
    right = defaultdict(list)
    for review, label in zip(splits["test"], model.predict([r.text for r in splits["test"]]), strict=True):
        right[review.kind].append(label == review.label)
    share = {kind: sum(hits) / len(hits) for kind, hits in right.items()}
    assert sum(map(sum, right.values())) / len(splits["test"]) < 0.75
    assert min(share[kind] for kind in EASY) > 0.9
    assert max(share[kind] for kind in ("turn", "pick", "contrast", "claim")) < 0.7


class MaekrakTest(tfds.testing.DatasetBuilderTestCase):
    """The builder, as TFDS checks all of its own."""

    DATASET_CLASS = maekrak_dataset_builder.Builder
    EXAMPLE_DIR = HERE  # nothing is downloaded, so there is nothing to fake
    SPLITS = {split: count * 2 * 96 for split, count in PAIRS.items()}  # noqa: RUF012
