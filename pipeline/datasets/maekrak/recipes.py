"""The kinds of review. A recipe makes the sentences of a good and a bad review from one draft.

Each returns the sentences by sign, and by sign the parts they were made of. Scenes come between the sentences
later, in compose.py.
"""

import re
from collections.abc import Callable

from pipeline.datasets.maekrak.draft import SIGNS, Draft, Leg
from pipeline.datasets.maekrak.endings import join
from pipeline.datasets.maekrak.josa import attach
from pipeline.datasets.maekrak.parts import Part

Made = tuple[dict[int, list[str]], dict[int, list[Part]]]

WHO = re.compile(r"\{who:(.*?)\}")


def near(draft: Draft) -> Made:
    """The phrase with its subject: 배우들 연기가 진짜 죽인다! against 시간만 진짜 죽인다!"""
    lead, degree = draft.word("during" if draft.phrase.during else "leads"), draft.word("degrees")
    mark, past = draft.rng.choice(["", "", "!"]), draft.rng.random() < 0.3
    legs = {sign: draft.said_of(sign, degree) for sign in SIGNS}
    said = {sign: draft.say(leg.past) if past else draft.say_now(leg) for sign, leg in legs.items()}
    return {sign: [f"{lead} {said[sign]}{mark}".strip()] for sign in SIGNS}, own(legs)


def far(draft: Draft) -> Made:
    """An opinion, and the phrase by itself before or after it: 표값이 너무 아까웠다. ... 진짜 죽인다!"""
    legs = {sign: draft.stated(sign) for sign in SIGNS}
    cry, order = draft.cry(), draft.rng.choice([1, -1])
    return {sign: [draft.say(legs[sign].past), cry][::order] for sign in SIGNS}, own(legs)


def instead(draft: Draft) -> Made:
    """A는커녕 B: what is denied comes first, what holds comes second."""
    adverb = draft.word("adverbs")
    if draft.rng.random() < 0.5:
        legs = {sign: draft.opinion(sign) for sign in SIGNS}
        denied = {sign: draft.frame("denied", -sign) for sign in SIGNS}
        return {sign: [f"{denied[sign]} {adverb} {draft.say(legs[sign].past)}"] for sign in SIGNS}, own(legs)
    legs, rather = draft.opposed(), draft.frame("instead")
    denied = {sign: draft.quote(legs[-sign].plain) + rather for sign in SIGNS}
    return {sign: [f"{denied[sign]} {adverb} {draft.say(legs[sign].past)}"] for sign in SIGNS}, both(legs)


def contrast(draft: Draft) -> Made:
    """A지만 B, or A. 하지만 B: the second opinion wins."""
    legs, adverb = draft.opposed(), draft.word("adverbs")
    winner = {sign: f"{adverb} {draft.say(legs[sign].past)}" for sign in SIGNS}
    if draft.rng.random() < 0.3:
        though = draft.frame("concessives")
        return {sign: [f"{join(legs[-sign].past, though)} {winner[sign]}"] for sign in SIGNS}, both(legs)
    but = draft.frame("contrasts")
    return {sign: [draft.say(legs[-sign].past), f"{but} {winner[sign]}"] for sign in SIGNS}, both(legs)


def turn(draft: Draft) -> Made:
    """처음에는 A, 다시 보니 B, told in either order: the later moment wins."""
    legs, order = draft.opposed(), draft.rng.choice([1, -1])
    moments = [f"{moment} {draft.word('adverbs')}" for moment in draft.frame("turns").split(" / ")]
    blocks = {}
    for sign in SIGNS:
        felt = [draft.say(legs[-sign].past), draft.say(legs[sign].past)]
        blocks[sign] = [f"{moment} {feeling}" for moment, feeling in zip(moments, felt, strict=True)][::order]
    return blocks, both(legs)


def pick(draft: Draft) -> Made:
    """A. B. Then which of the two weighs more, the first (+1) or the second (-1)."""
    legs, winner = draft.opposed(), draft.rng.choice(SIGNS)
    felt = {sign: draft.say(leg.past) for sign, leg in legs.items()}
    verdict = draft.say(draft.frame("picks", winner))
    return {sign: [felt[sign * winner], felt[-sign * winner], verdict] for sign in SIGNS}, both(legs)


def claim(draft: Draft) -> Made:
    """Somebody claims A; the writer keeps it (+1) or turns it round (-1), before or after."""
    claims = {sign: assertion(draft, sign) for sign in SIGNS}
    place = draft.rng.choice(["forewords", "verdicts"])
    verdicts = {sign: draft.say(draft.frame(place, sign)) for sign in SIGNS}
    template, who = draft.frame("claims"), draft.word("people")
    template = WHO.sub(lambda hole: attach(who, hole[1]), template)
    if draft.rng.random() < 0.5:  # one claim, two verdicts
        claimed = draft.rng.choice(SIGNS)
        made = {sign: (claimed, sign * claimed) for sign in SIGNS}
    else:  # one verdict, two claims
        # It agrees more often than not, as viewers do: of a pure exclusive-or a network finds no first hold.
        verdict = draft.rng.choices(SIGNS, [3, 1])[0]
        made = {sign: (sign * verdict, verdict) for sign in SIGNS}
    blocks = {}
    for sign, (claimed, verdict) in made.items():
        told = draft.say(template.replace("{claim}", draft.quote(claims[claimed][0])))
        blocks[sign] = [told, verdicts[verdict]] if place == "verdicts" else [verdicts[verdict], told]
    return blocks, {sign: claims[claimed][1] for sign, (claimed, _) in made.items()}


def assertion(draft: Draft, sign: int) -> tuple[str, list[Part]]:
    """What is claimed, and its parts: one opinion, or two, of which the second wins."""
    if draft.rng.random() < 0.7:
        leg = draft.opinion(sign, draft.word("degrees"))
        return leg.plain, [leg.part]
    legs, though = draft.opposed(), draft.frame("concessives")
    return f"{join(legs[-sign].past, though)} {legs[sign].plain}", [leg.part for leg in legs.values()]


def own(legs: dict[int, Leg]) -> dict[int, list[Part]]:
    """Each review uses the opinion of its sign."""
    return {sign: [leg.part] for sign, leg in legs.items()}


def both(legs: dict[int, Leg]) -> dict[int, list[Part]]:
    """Each review uses both opinions."""
    return {sign: [leg.part for leg in legs.values()] for sign in SIGNS}


# How often each kind is drawn. The first two are easy for a bag of words; they teach what the parts mean.
RECIPES: dict[Callable[[Draft], Made], int] = {
    near: 14,
    far: 12,
    instead: 7,
    contrast: 13,
    turn: 16,
    pick: 10,
    claim: 28,
}
