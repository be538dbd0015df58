"""The characters of a font."""

# All kana with their marks and small forms, and the marks of repetition that go on.
_KANA = tuple(map(chr, (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB))))
_MARKS = "ー々〆〇ゝゞヽヾ、。・「」『』〔〕〈〉《》【】〜…‥￥"
_ASCII = tuple(map(chr, range(0x21, 0x7F)))
_FULL_WIDTH = tuple(map(chr, range(0xFF01, 0xFF5F)))
# From a character of ASCII to its full-width form.
_APART = 0xFF01 - 0x21
_SAME = {"～": "〜", "〜": "～", "~": "〜"}


def alternates(character):
    """Whether a font has variants of a character: of kana."""
    return character in _KANA


def wanted_characters(characters):
    """The characters of a font: those of a set, kana, marks, ASCII, its wide forms."""
    every = (*_ASCII, *_KANA, *_MARKS, *characters, *_FULL_WIDTH)
    return tuple(dict.fromkeys(every))


def spellings(character):
    """Itself, and characters that are written alike: the other width of Ａ or A."""
    found = [character]
    if character in _ASCII:
        found.append(chr(ord(character) + _APART))
    elif character in _FULL_WIDTH:
        found.append(chr(ord(character) - _APART))
    if character in _SAME:
        found.append(_SAME[character])
    return found
