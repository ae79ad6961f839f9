"""The kinds of review. A recipe makes the sentences of a good and a bad review from one draft.

It returns, by sign, the sentences and the parts that they are made of. compose.py puts scenes between the sentences.
"""

import re
from collections.abc import Callable

from pipeline.datasets.maekrak.draft import SIGNS, Draft, Opinion
from pipeline.datasets.maekrak.endings import join
from pipeline.datasets.maekrak.josa import attach
from pipeline.datasets.maekrak.parts import Part

RecipeResult = tuple[dict[int, list[str]], dict[int, list[Part]]]

WHO = re.compile(r"\{who:(.*?)\}")


def near(draft: Draft) -> RecipeResult:
    """Join the phrase with its subject: 배우들 연기가 진짜 죽인다! against 시간만 진짜 죽인다!"""
    lead, degree = draft.word("during" if draft.phrase.during else "leads"), draft.word("degrees")
    mark, past = draft.rng.choice(["", "", "!"]), draft.rng.random() < 0.3
    opinions = {sign: draft.phrase_with_subject(sign, degree) for sign in SIGNS}
    sentences = {sign: draft.say(one.past) if past else draft.say_now(one) for sign, one in opinions.items()}
    return {sign: [f"{lead} {sentences[sign]}{mark}".strip()] for sign in SIGNS}, own(opinions)


def far(draft: Draft) -> RecipeResult:
    """Put the phrase by itself before or after an opinion: 표값이 너무 아까웠다. ... 진짜 죽인다!"""
    opinions = {sign: draft.stated(sign) for sign in SIGNS}
    exclamation, order = draft.exclamation(), draft.rng.choice([1, -1])
    return {sign: [draft.say(opinions[sign].past), exclamation][::order] for sign in SIGNS}, own(opinions)


def instead(draft: Draft) -> RecipeResult:
    """Say A는커녕 B: the first opinion is denied, the second holds."""
    adverb = draft.word("adverbs")
    if draft.rng.random() < 0.5:
        opinions = {sign: draft.opinion(sign) for sign in SIGNS}
        denied = {sign: draft.frame("denied", -sign) for sign in SIGNS}
        return {sign: [f"{denied[sign]} {adverb} {draft.say(opinions[sign].past)}"] for sign in SIGNS}, own(opinions)
    opinions, rather = draft.opposed(), draft.frame("instead")
    denied = {sign: draft.quote(opinions[-sign].plain) + rather for sign in SIGNS}
    return {sign: [f"{denied[sign]} {adverb} {draft.say(opinions[sign].past)}"] for sign in SIGNS}, both(opinions)


def contrast(draft: Draft) -> RecipeResult:
    """Say A지만 B, or A. 하지만 B: the second opinion wins."""
    opinions, adverb = draft.opposed(), draft.word("adverbs")
    winner = {sign: f"{adverb} {draft.say(opinions[sign].past)}" for sign in SIGNS}
    if draft.rng.random() < 0.3:
        though = draft.frame("concessives")
        return {sign: [f"{join(opinions[-sign].past, though)} {winner[sign]}"] for sign in SIGNS}, both(opinions)
    but = draft.frame("contrasts")
    return {sign: [draft.say(opinions[-sign].past), f"{but} {winner[sign]}"] for sign in SIGNS}, both(opinions)


def turn(draft: Draft) -> RecipeResult:
    """Say 처음에는 A, 다시 보니 B, in either order: the later moment wins."""
    opinions, order = draft.opposed(), draft.rng.choice([1, -1])
    moments = [f"{moment} {draft.word('adverbs')}" for moment in draft.frame("turns").split(" / ")]
    blocks = {}
    for sign in SIGNS:
        sentences = [draft.say(opinions[-sign].past), draft.say(opinions[sign].past)]
        blocks[sign] = [f"{moment} {text}" for moment, text in zip(moments, sentences, strict=True)][::order]
    return blocks, both(opinions)


def pick(draft: Draft) -> RecipeResult:
    """Say A. B. Then which of the two weighs more, the first (+1) or the second (-1)."""
    opinions, winner = draft.opposed(), draft.rng.choice(SIGNS)
    sentences = {sign: draft.say(opinion.past) for sign, opinion in opinions.items()}
    choice = draft.say(draft.frame("picks", winner))
    return {sign: [sentences[sign * winner], sentences[-sign * winner], choice] for sign in SIGNS}, both(opinions)


def claim(draft: Draft) -> RecipeResult:
    """Let somebody claim A; the writer confirms (+1) or reverses it (-1), before or after."""
    claims = {sign: assertion(draft, sign) for sign in SIGNS}
    place = draft.rng.choice(["forewords", "verdicts"])
    verdicts = {sign: draft.say(draft.frame(place, sign)) for sign in SIGNS}
    template, who = draft.frame("claims"), draft.word("people")
    template = WHO.sub(lambda hole: attach(who, hole[1]), template)
    if draft.rng.random() < 0.5:  # one claim, two verdicts
        claimed = draft.rng.choice(SIGNS)
        chosen = {sign: (claimed, sign * claimed) for sign in SIGNS}
    else:  # one verdict, two claims
        # It confirms more often than not, as viewers do: a network hardly starts to learn a pure exclusive-or.
        verdict = draft.rng.choices(SIGNS, [3, 1])[0]
        chosen = {sign: (sign * verdict, verdict) for sign in SIGNS}
    blocks = {}
    for sign, (claimed, verdict) in chosen.items():
        sentence = draft.say(template.replace("{claim}", draft.quote(claims[claimed][0])))
        blocks[sign] = [sentence, verdicts[verdict]] if place == "verdicts" else [verdicts[verdict], sentence]
    return blocks, {sign: claims[claimed][1] for sign, (claimed, _) in chosen.items()}


def assertion(draft: Draft, sign: int) -> tuple[str, list[Part]]:
    """Return a claim and its parts: one opinion, or two, of which the second wins."""
    if draft.rng.random() < 0.7:
        opinion = draft.opinion(sign, draft.word("degrees"))
        return opinion.plain, [opinion.part]
    opinions, though = draft.opposed(), draft.frame("concessives")
    return f"{join(opinions[-sign].past, though)} {opinions[sign].plain}", [
        opinion.part for opinion in opinions.values()
    ]


def own(opinions: dict[int, Opinion]) -> dict[int, list[Part]]:
    """Return the parts where each review uses the opinion of its own sign."""
    return {sign: [opinion.part] for sign, opinion in opinions.items()}


def both(opinions: dict[int, Opinion]) -> dict[int, list[Part]]:
    """Return the parts where each review uses both opinions."""
    return {sign: [opinion.part for opinion in opinions.values()] for sign in SIGNS}


# The weight with which each kind is drawn. The first two are easy for a bag of words and teach what the parts mean.
RECIPES: dict[Callable[[Draft], RecipeResult], int] = {
    near: 14,
    far: 12,
    instead: 7,
    contrast: 13,
    turn: 16,
    pick: 10,
    claim: 28,
}
