"""Attach Korean particles, whose form depends on the sound before them: 연기가 but 반전이, 음악을 but 노래를."""

FIRST, LAST = "가", "힣"  # the block of precomposed syllables in Unicode
FINALS = 28  # a syllable's last digit in base 28 is its final consonant; 0 means none

# Digits and Latin letters that end a word, when read aloud in Korean, end in a consonant for these.
SPOKEN_WITH_FINAL = set("013678LMNRlmnr")


def has_final(word: str) -> bool:
    """Tell whether `word`, read aloud, ends in a consonant (a batchim).

    Raises:
        ValueError: the word is empty.
    """
    if not word:
        raise ValueError("an empty word has no last sound")
    last = word[-1]
    if FIRST <= last <= LAST:
        return (ord(last) - ord(FIRST)) % FINALS != 0
    return last in SPOKEN_WITH_FINAL


def attach(word: str, particle: str) -> str:
    """Attach a particle to a word.

    Args:
        word: what the particle follows.
        particle: one form ("만", "에"), or two: after a consonant, a slash, after a vowel ("이/가").

    Returns:
        The word with the form that agrees with it.

    Raises:
        ValueError: the word is empty.
    """
    after_consonant, _, after_vowel = particle.partition("/")
    return word + (after_consonant if has_final(word) or not after_vowel else after_vowel)
