"""OpenType features of a handwriting font: kana that alternate, vertical forms."""

from collections.abc import Mapping, Sequence

# So many glyphs without variants may stand between two kana that must differ.
_BETWEEN = 3


def feature_code(
    variants: Mapping[str, Sequence[str]], vertical: Mapping[str, str], others
) -> str:
    """The features `calt` and `vert` in the language of Adobe's FDK, for feaLib.

    The glyphs of a kana are used in turn: after a kana of variant k the next one of the
    text takes variant k + 1. So the same kana differs from the one before it, and from
    the one before that where there are three variants. Kanji and marks between them, up
    to three, are passed over.

    Programs apply `calt` to horizontal text, and `vert` instead of it to vertical text,
    so `vert` has the alternation, too.

    Args:
        variants: {glyph: its variants, itself first}, all with equally many.
        vertical: {glyph: its form in vertical writing}.
        others: all glyphs without variants.
    """
    code = [f"languagesystem {script} dflt;" for script in ("DFLT", "hani", "kana")]
    code.append("languagesystem latn dflt;")
    if variants:
        forms = list(zip(*variants.values(), strict=True))
        code += [
            f"@form{number} = [{' '.join(form)}];" for number, form in enumerate(forms)
        ]
        code.append(f"@others = [{' '.join(others)}];")
        rules = [
            f"  sub @form{number} {'@others ' * between}@form0' by @form{number + 1};"
            for between in range(_BETWEEN + 1)
            for number in range(len(forms) - 1)
        ]
        code += ["lookup alternate {", *rules, "} alternate;"]
        code.append("feature calt { lookup alternate; } calt;")
    code.append("feature vert {")
    if variants:
        code.append("  lookup alternate;")
    if vertical:
        rules = [f"    sub {glyph} by {form};" for glyph, form in vertical.items()]
        code += ["  lookup vertical {", *rules, "  } vertical;"]
    code.append("} vert;")
    return "\n".join(code) if variants or vertical else ""
