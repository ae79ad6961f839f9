"""Compose reviews in pairs: one good, one bad, around the same phrase and in the same style.

Because a pair shares all but what decides, no phrase, frame, scene or style leans to a label. In most kinds of review
the label is an interaction: the sign of an opinion times what the writer does with it. A sum over words can't
represent that; a model that remembers what came before can.
"""

import random
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.datasets.maekrak.draft import SIGNS, Draft, start
from pipeline.datasets.maekrak.parts import Part, Parts, Phrase, load_parts
from pipeline.datasets.maekrak.recipes import RECIPES, far, near

SEED = "maekrak 1.0.0"
PAIRS = {"train": 84, "test": 16}  # of each phrase
MAX_GAP = 66  # characters of neutral text, in the sources: about 40 pieces
MAX_SCENES = 4  # neutral sentences


class Review(NamedTuple):
    """A review and what it is made of.

    Attributes:
        text: as the viewer wrote it.
        label: 1 for good, 0 for bad.
        kind: the name of its recipe.
        phrase: the ambiguous phrase, in its plain form.
        gap: characters of neutral text between the phrase and the parts that decide the label.
        clauses: the subject, opinions and scenes around the phrase.
        frames: the frames drawn for its pair, which keep, reverse or overrule the opinions.
    """

    text: str
    label: int
    kind: str
    phrase: str
    gap: int
    clauses: tuple[str, ...]
    frames: tuple[str, ...]


def compose() -> dict[str, list[Review]]:
    """Compose all reviews, the same in every call.

    Returns:
        The splits "train" and "test". Pairs stand next to each other, the good review first.
    """
    parts = load_parts()
    seen: set[str] = set()
    return {split: list(compose_split(parts, split, count, seen)) for split, count in PAIRS.items()}


def compose_split(parts: Parts, split: str, count: int, seen: set[str]) -> Iterator[Review]:
    """Compose `count` pairs of each phrase, none of whose texts is in `seen`, and add them to it."""
    for phrase in parts.phrases:
        rng = random.Random(f"{SEED} {split} {phrase.plain}")
        left = count
        while left:
            pair = compose_pair(rng, parts, phrase, split)
            texts = {review.text for review in pair}
            if len(texts) == len(pair) and not texts & seen:
                seen |= texts
                left -= 1
                yield from pair


def compose_pair(rng: random.Random, parts: Parts, phrase: Phrase, split: str) -> list[Review]:
    """Compose a good and a bad review that share phrase, scenes and style."""
    draft = start(rng, parts, phrase, unseen=split == "test")
    recipes = [recipe for recipe in RECIPES if phrase.alone or recipe is not far]
    recipe = rng.choices(recipes, [RECIPES[recipe] for recipe in recipes])[0]
    blocks, opinions = recipe(draft)
    if draft.alone and recipe not in (near, far):
        exclamation, first = draft.exclamation(), rng.random() < 0.5
        blocks = {sign: [exclamation, *block] if first else [*block, exclamation] for sign, block in blocks.items()}
    scenes = draw_scenes(draft)
    neutral = [draft.say(scene.text) for scene in scenes]
    # Between the blocks where there are several, so that scenes add distance; else before or after the only one.
    size = len(blocks[+1])
    places = sorted(rng.randrange(1, size) if size > 1 else rng.randrange(2) for _ in scenes)
    return [
        Review(
            text=draft.style.write(scatter(blocks[sign], neutral, places)),
            label=int(sign > 0),
            kind=recipe.__name__,
            phrase=phrase.plain,
            gap=sum(len(sentence) + 1 for sentence in neutral) if size > 1 else 0,
            clauses=tuple(part.text for part in opinions[sign] + scenes),
            frames=tuple(draft.frames),
        )
        for sign in SIGNS
    ]


def draw_scenes(draft: Draft) -> list[Part]:
    """Draw neutral sentences of different groups, in the groups' order, within the longest gap."""
    scenes: list[Part] = []
    groups = list(draft.parts.scenes.values())
    for place in sorted(draft.rng.sample(range(len(groups)), draft.rng.randrange(MAX_SCENES + 1))):
        scene = draft.pick(groups[place])
        if sum(len(other.text) + 1 for other in [*scenes, scene]) <= MAX_GAP:
            scenes.append(scene)
    return scenes


def scatter(blocks: list[str], scenes: list[str], places: list[int]) -> list[str]:
    """Put each scene before the block of its place."""
    text: list[str] = []
    for number in range(len(blocks) + 1):
        text += [scene for scene, place in zip(scenes, places, strict=True) if place == number]
        text += blocks[number : number + 1]
    return text
