"""Which texts are the same, and which are blank: one answer for every stage.

A reader doesn't see some characters, and the tokenizer reads some that a reader sees as a space, or not at all. Texts
that differ in such characters alone are the same, whoever looks at them.
"""

import re
import unicodedata

# What a reader doesn't see: control and format characters, marks of direction, fillers of Hangul, variation selectors,
# and what Unicode calls ignorable (DerivedCoreProperties.txt, Default_Ignorable_Code_Point).
INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
# Seen, but read as a space by the tokenizer: the replacement character and its own mark of a word. And a space that
# Unicode counts among the symbols: the empty pattern of Braille.
_SPACES = re.compile("[\ufffd\u2581\u2800]")
# What the rules of SentencePiece that the tokenizer has (nmt_nfkc) turn into a space, and what they delete, where a
# reader takes it otherwise.
_READ_AS_SPACE = re.compile("[\u061c\u200b\u200c\u200e\u200f\ufeff]")
_READ_AS_NOTHING = re.compile("[\x0b\x1c-\x1f]")


def normalize(text: str) -> str:
    r"""Return a text as a reader sees it: composed (NFC), without what is invisible, with single spaces.

    It is empty for a text of nothing. Compatible forms stay apart, as a reader sees them apart: full width, ligatures.

    >>> normalize("  죽인다!  진짜\n"), normalize("죽\u200b인다!\ufeff 진\u00ad짜"), normalize("\u3164 \u200b")
    ('죽인다! 진짜', '죽인다! 진짜', '')
    """
    # Composing comes last: what is invisible may stand between a letter and its mark.
    return " ".join(unicodedata.normalize("NFC", _INVISIBLE.sub("", _SPACES.sub(" ", text))).split())


def same_text_keys(text: str) -> set[str]:
    r"""Return the keys of a text: texts that have one in common are the same to a reader or to the tokenizer.

    One key, `normalize(text)`, unless the text holds what a reader doesn't see and the tokenizer reads as a space.

    >>> same_text_keys("시간만  죽인다"), sorted(same_text_keys("시간만\u200b죽인다"))
    ({'시간만 죽인다'}, ['시간만 죽인다', '시간만죽인다'])
    """
    return {normalize(text), normalize(_READ_AS_NOTHING.sub("", _READ_AS_SPACE.sub(" ", text)))}
