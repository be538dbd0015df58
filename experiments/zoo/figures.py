"""The figures of a model's card, each with the figure to compare it with."""

from hwgen_keras.evaluation import markdown_table

from . import recipes
from .data import FONTS
from .readers import reading_of

_READING = ["", "images", "read %", "95 % interval", "in the first five %"]
_FOUND = ["", "images", "found %", *_READING[3:]]
_HANDS = {
    "writers": "unseen writers",
    "simulated": "unseen simulated writers",
    "fonts": "fonts of the judge, each taken for a hand",
}
# Of `compare_sets`, besides reading.
_MEASURES = (
    "nearest to its hand %",
    "form nearest to its hand %",
    "  hands found by their forms %",
    "kernel glyph distance",
    "diversity",
    "near-duplicates %",
)
_FORMS = (
    " Forms are compared without features; a hand's own images would be found always."
)
_EXAMPLES = 8


def _row(name, read):
    interval = f"{100 * read['low']:.1f} – {100 * read['high']:.1f}"
    cells = [read["images"], 100 * read["top1"], interval, 100 * read["top5"]]
    return [name, *cells]


def _by_script(found, header):
    rows = []
    for script, read in found.items():
        count, whose = read["writers"], " and ".join(read["data"])
        written = f"{script}, {count} writer{'s' * (count != 1)} of {whose}"
        # The name of a font stands in place of a writer.
        rows.append(_row(script if read["data"] == [FONTS] else written, read))
    return markdown_table(header, rows)


def _of_classifier(measured):
    yield from reading_of(measured)
    yield from _extremes(measured, "the probability of its true character")


def _of_clip(measured):
    number = measured["data"]["characters"]["number"]
    yield (
        f"From an image to its character, among all {number:,}: whether its structure "
        "has the largest, or one of the five largest, products with the image."
    )
    yield _by_script(measured["retrieval"], _FOUND)
    yield (
        "From a character to those nearest to it by their structures (the first "
        f"{len(measured['nearest'])} of all characters in an order drawn with seed "
        f"{measured['seed']}):"
    )
    yield markdown_table(["character", "nearest"], measured["nearest"])
    yield from _extremes(measured, "the softmax of its true character's product")


def _of_generator(measured):
    yield from _written(measured, rewriting=True)
    yield from _extremes(measured, "the judge's probability of the true character")


def _of_writer(measured):
    yield from _written(measured, rewriting=False)
    yield from _extremes(measured, "the judge's probability of the true character")


def _written(measured, rewriting):
    found = measured["generation"]
    how = f", rewriting glyphs of {found['reference_font']}" if rewriting else ""
    hands = dict(_HANDS)
    if measured.get("judge"):
        hands["fonts"] = "other fonts, each taken for a hand"
    asked = " and ".join(
        f"{asked['characters']:,} {script} ({asked['images']} image"
        f"{'s' * (asked['images'] > 1)} each)"
        for script, asked in found["asked"].items()
    )
    yield (
        f"It wrote {asked}{how}, and was shown "
        f"{found['style_images']} of the hand's images for each; none was "
        "rejected. A recogniser that did not teach it, the judge, reads them. Beside "
        "them stands what the judge reads of what the same hands really wrote of these "
        "characters, and of the glyphs."
    )
    yield from _bar(found)
    rows = []
    for script in found["asked"]:
        rows.append(_row(f"{script}: the glyphs", found["contents"][script]))
        for kind, name in hands.items():
            in_hands = found["hands"].get(kind, {}).get(script)
            if in_hands is not None:
                name = f"{script}: {_count(in_hands['hands'], name)}"
                rows.append(_row(f"{name}, **generated**", in_hands["generated"]))
                rows.append(_row(f"{name}, real", in_hands["real"]))
    yield markdown_table(_READING, rows)
    trained, tested = (
        [source["name"] for source in measured["data"][part]]
        for part in ("judge_handwriting", "test")
    )
    again = [name for name in tested if name in trained and not measured.get("judge")]
    if again:
        yield (
            f"The judge was trained on {' and '.join(again)}: what it reads of these "
            "real images is no test of it."
        )
    yield "Does it follow the hand? " + _ink(found["ink"], hands)
    yield from _hand_measures(found, hands, rewriting)
    yield (
        "![The same characters in eight unseen hands](hands.png)\n\n*In print; then, "
        "for each hand, what it wrote itself (blank where it did not write the "
        "character) and what the generator wrote in it. The hands are the writers with "
        "the most images and the first simulated ones; the characters are drawn with "
        f"seed {measured['seed']} from those that the writers wrote, by turns.*"
    )


def _count(number, name):
    return f"{number} {name[:-1] if number == 1 and name.endswith('s') else name}"


def _bar(found):
    for script, share in recipes.BAR.items():
        if script in found["hands"].get("writers", {}):
            read = found["hands"]["writers"][script]["generated"]["top1"]
            reached = "reached" if read >= share else "**not reached**"
            yield (
                f"The project's bar for {script}, {100 * share:.0f} % read in the "
                f"hands of unseen writers, is {reached}: {100 * read:.1f} %."
            )


def _ink(ink, hands):
    """The correlations of the hands' ink in a sentence."""
    parts = []
    for script, followed in ink.items():
        for kind, value in followed["correlation"].items():
            whose = "all hands" if kind == "all" else hands[kind]
            parts.append(
                f"{value['r']:.2f} over {value['hands']} ({script}, {whose}; "
                f"{value['slope']:.2f} gained for each unit)"
            )
    if not parts:
        return "Too few hands were shown to tell by their ink."
    return (
        "The mean ink of the images it wrote in a hand correlates with that of the "
        "images by the hand, of the same characters: " + "; ".join(parts) + ". 1 is "
        "perfect, 0 is chance; 1 gained for each unit keeps all differences."
    )


def _hand_measures(found, names, rewriting):
    one_glyph = (
        " All images of a character rewrite one glyph: their diversity comes from the "
        "hands alone."
        if rewriting
        else ""
    )
    rows = []
    for kind, scripts in found["hands"].items():
        for script, hands in scripts.items():
            for name in _MEASURES:
                row = hands["measures"].get(name, {"generated": None})
                if row["generated"] is not None:
                    cells = [row["generated"], row["real"], row["chance"][0]]
                    rows.append([f"{script}, {names[kind]}: {name}", *cells])
    if rows:
        yield (
            "More of `docs/reference/metrics.md`, by the judge's features; a judge "
            "learns to ignore hands, so that the real images' value is the ceiling. "
            "The distance of real images is that of two halves of them."
            + (_FORMS if any(": form" in row[0] for row in rows) else "")
            + one_glyph
        )
        yield markdown_table(["", "generated", "real", "chance"], rows, digits=2)


def _extremes(measured, value):
    pictures = measured["pictures"]
    for name, words in (("lowest", "bad"), ("highest", "good")):
        shown = pictures[name]
        examples = "、".join(f"{true}→{read}" for true, read, _ in shown[:_EXAMPLES])
        yield (
            f"![The {len(shown)} images with the {name} values]({name}.png)\n\n*The "
            f"{words} ones, chosen by rule: the {len(shown)} images with the {name} "
            f"values of {value}, from {shown[0][2]:.2g} to {shown[-1][2]:.2g}. Beside "
            f"each its character and what was read, in {pictures['font']}. The first: "
            f"{examples}.*"
        )


# {kind of a model: a function, measured.json → paragraphs and tables of its card}.
FIGURES = {
    "classifier": _of_classifier,
    "clip": _of_clip,
    "generator": _of_generator,
    "writer": _of_writer,
}
