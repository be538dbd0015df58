"""The card of a model: measured.json in words.

A pure function of the figures: no sentence says what was not measured.
"""

import textwrap

from hwgen_keras.evaluation import markdown_table

from . import recipes
from .figures import FIGURES
from .front_matter import front_matter

MEASURED = "measured.json"
_TITLES = {
    "classifier": "a recogniser of {number} Japanese characters",
    "clip": "CLIP of {number} Japanese characters: images and structures in one space",
    "generator": "a generator of {number} Japanese characters in any hand",
    "writer": "a stroke writer of {number} Japanese characters in any hand",
}
_USES = {
    "classifier": (
        "Reads images of single handwritten characters. Meant as a first recogniser to "
        "fine-tune, as an encoder, and to compare against; it reads no lines of text, "
        "and finds no characters on a page."
    ),
    "clip": (
        "Brings images of single characters and their structures (how a kanji is put "
        "together from parts) into one space: to find characters by an image, images "
        "by a character, or characters that look alike, and as the condition of a "
        "generator."
    ),
    "generator": (
        "Rewrites a glyph of a font in the hand that one or a few images show, to "
        "enlarge the training set of a recogniser. It is not meant to imitate a "
        "person's hand to deceive."
    ),
    "writer": (
        "Writes characters stroke by stroke in the hand that one or a few labelled "
        "images show, or in a new hand, to enlarge the training set of a recogniser "
        "and to make fonts. It is not meant to imitate a person's hand to deceive."
    ),
}
_SNIPPETS = {
    "classifier": """import hwgen_keras

reader = hwgen_keras.load("{name}")
characters, probabilities = reader.read("scans", top_k=5)  # a folder, paths or arrays
""",
    "clip": """import hwgen_keras

clip = hwgen_keras.load("{name}")
vectors = clip.embed_characters("漢字")
found, cosines = clip.search("scan.png", "日月明朋", top_k=2)
""",
    "generator": """import hwgen_keras

generator = hwgen_keras.load("{name}")
images = generator.write("いろは", style="images_of_one_hand", style_images=4)
""",
    "writer": """import hwgen_keras

writer = hwgen_keras.load("{name}")
images = writer.write("いろは", seed=3)  # in a new hand
pen = hwgen_keras.PenWriter(seed=5)  # or any hand's tracks or labelled images
images = writer.write("いろは", style=[pen.track(c) for c in "永道国語あのな書言東"])
""",
}
_LIMITS = {
    "classifier": (
        "Every image is taken for one of its characters: there is no class for "
        "anything else, and its probabilities were not calibrated.",
    ),
    "clip": (
        "Only images of single characters, and characters whose structure is known.",
        "A character is known by its structure alone: what the structure does not tell "
        "(its meaning, its reading) is not in the vectors.",
    ),
    "generator": (
        "A generated character may be wrong in a stroke and still be read; the judge "
        "measures legibility, not correctness.",
        "The judge saw other fonts, but of the handwriting some of the same; what it "
        "reads of writers that it was trained on is flattered, and said so above.",
        "Hands are shown by few images: what these do not show of a hand cannot be "
        "followed.",
    ),
    "writer": (
        "It moves the strokes of KanjiVG: a character that KanjiVG lacks is not "
        "written, nor a form with other strokes, such as many of the grass script.",
        "Hands are shown by strokes that are fitted to their images; where a fit is "
        "wrong, the hand is shown wrongly.",
        "`jis1-reader` chose among the fits that the writer learned from: what it "
        "reads of the writer's images is flattered a little.",
        "Fonts of one family share their kanji: those of Yuji Syuku are those of Yuji "
        "Mai, and Iansui is made from Klee One. If one of a pair was trained on, the "
        "other is no new hand.",
    ),
}
_LICENCE = (
    "The weights are under the Apache License 2.0, as this project is. As facts about "
    "their origin: data under other licences took part in the training, among it "
    "strokes of KanjiVG (CC BY-SA 3.0, copyright Ulrich Apel); the tables above give "
    "the sources the credit that they ask for."
)

_STROKES = (
    " `saved_model.pb` holds strokes of KanjiVG itself, from which it makes its "
    "inputs: they are under CC BY-SA 3.0."
)


def card(measured):
    """The README.md of a model's folder from `measured.json`, see `reproduce`."""
    kind, data = measured["kind"], measured["data"]
    number = f"{data['characters']['number']:,}"
    title = _TITLES[kind].format(number=number)
    sections = [
        front_matter(measured),
        f"# {measured['name']}: {title}",
        _USES[kind],
        _at_a_glance(measured),
        f"```python\n{_SNIPPETS[kind].format(name=measured['name'])}```",
        "## What it does on writers it has not seen",
        *FIGURES[kind](measured),
        "## Limits",
        _list([*_LIMITS[kind], *_shared_limits(measured)]),
        "## Training",
        *_training(measured),
        "## Data",
        *_data(measured),
        "## Architecture",
        "```\n" + "\n".join(measured["model"]["parts"]) + "\n```",
        "## Licence of the weights",
        _LICENCE + _STROKES * (kind == "writer"),
        "This card was written by `experiments.reproduce` from `measured.json`.",
    ]
    return "\n\n".join(sections) + "\n"


def _list(items):
    return "\n".join(f"- {item}" for item in items)


def _at_a_glance(measured):
    model, size = measured["model"], measured["image_size"]
    return _list(
        [
            f"Images: {size} × {size} pixels, grey, dark ink on light paper.",
            f"{model['parameters']:,} parameters; `model.keras` has "
            f"{model['bytes'] / 1e6:.1f} MB, its weights stored in half precision. It "
            "computes in float32 on TensorFlow, JAX or PyTorch; on random inputs its "
            f"outputs differ by {measured['half_precision_differs_by']:.1e} at most "
            "from those of the trained weights. The SavedModel beside it has the same "
            "weights, for TensorFlow alone.",
            "`model.json` has the characters in the order of the class ids, and the "
            "checksums of all files.",
        ]
    )


def _shared_limits(measured):
    data = measured["data"]
    writers = [f"{test['writers']} in {test['name']}" for test in data["test"]]
    fonts = len(data.get("test_fonts", ()))
    writers += [f"{fonts} fonts in the place of hands"] if fonts else []
    return (
        f"Tested on few writers ({', '.join(writers)}): another hand may be read, or "
        "followed, much better or worse. The intervals count images as if they were "
        "independent; those by one writer are not, and the true intervals are wider.",
        f"Only the {data['characters']['number']:,} characters of the set "
        f"{data['characters']['name']}, each alone in a square, at "
        f"{measured['image_size']} pixels.",
    )


def _training(measured):
    yield (
        "These trainings, in this order. With the data in place, "
        f"`python -m experiments.reproduce {measured['name']}` runs them all, and "
        "`docs/how-to/zoo.md` tells how; `FONTS`, `OMNIGLOT` and so on stand for the "
        "data below."
    )
    for run in measured["training"]:
        yield _shell([f"python -m experiments.{run['script']}", *run["flags"]])
        if "backend" in run:
            yield _run(run)


def _shell(words):
    """Words as a code block of lines of at most 84 characters and a backslash."""
    text = textwrap.fill(
        *(" ".join(words), 84),
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "```sh\n" + text.replace("\n", " \\\n") + "\n```"


def _run(run):
    facts = [
        f"{run['step']}: {run['steps']:,} steps of {run['batch_size']} on the "
        f"{run['backend']} backend"
    ]
    if run["versions"]:
        facts[0] += f" of Keras {run['versions'].get('keras')}"
    if run["minutes"]:
        facts.append(f"{run['minutes']:.3g} minutes of steps by its log")
    if run["git_revision"]:
        facts.append(f"revision `{run['git_revision']}`")
    last = [f"{k.replace('_', ' ')} {v:.3g}" for k, v in run["last"].items()]
    if last:
        facts.append(f"at the end, on its training images: {', '.join(last)}")
    return "; ".join(facts) + "."


def _data(measured):
    data, writer = measured["data"], measured["kind"] == "writer"
    yield "The model was trained on"
    # A stroke writer's is the judge's alone.
    if not writer:
        yield _handwriting(data["handwriting"], "handwriting")
    simulated = max(run.get("simulated_writers") or 0 for run in measured["training"])
    if simulated:
        first = "" if writer else "on "
        yield f"{first}{simulated} simulated writers ({'; '.join(recipes.KANJIVG)}),"
    if data.get("hand_fonts"):
        hands = len(data["hand_fonts"])
        yield f"on the glyphs of {hands} handwriting fonts, each taken for a hand:"
        yield _fonts(data["hand_fonts"])
    strokes = "strokes fitted to " if writer else ""
    yield f"and on {strokes}the glyphs of {len(data['fonts'])} fonts:"
    yield _fonts(data["fonts"])
    yield "It was tested on writers that no training of it saw:"
    if data["test"]:
        yield _handwriting(data["test"], "test")
    if data.get("test_fonts"):
        also = "and on" if data["test"] else "on"
        yield f"{also} the glyphs of {len(data['test_fonts'])} other fonts as hands:"
        yield _fonts(data["test_fonts"])
    if measured["kind"] in ("generator", "writer"):
        yield _judge(measured, writer)
        yield _fonts(data["judge_fonts"])
    yield (
        "None of these images and fonts is in this folder. The structures of the "
        "characters are derived from KanjiVG, see NOTICE."
    )


def _judge(measured, writer):
    """A sentence on the judge, before the table of `judge_fonts`."""
    data, count = measured["data"], len(measured["data"]["judge_fonts"])
    if measured.get("judge"):
        return (
            f"The judge is `{measured['judge']}`; its card tells its data. The glyphs "
            f"of {count} other fonts were hands, too:"
        )
    known = [source["name"] for source in data["handwriting"]] if writer else []
    known += [source["name"] for source in data["judge_handwriting"]]
    above = "" if writer else "the handwriting above, on "
    return (
        f"The judge was trained on {above}{', '.join(known) or 'no other'}, and on "
        f"the glyphs of {count} other fonts:"
    )


def _handwriting(sources, kind):
    rows = []
    for source in sources:
        counts = source["by_script"].items()
        writers, numbers = str(source["writers"]), source["numbers"]
        rows.append(
            [
                *(source["name"], source["writing"], source["licence"]),
                f"{writers} (numbers {numbers})" if numbers else writers,
                ", ".join(f"{number:,} {script}" for script, number in counts),
            ]
        )
    return _words(["", "what", "licence", "writers", f"{kind} images"], rows)


def _fonts(fonts):
    rows = []
    for font in fonts:
        licence, url = font["licence"], font["licence_url"]
        shown = licence if url in licence else f"{licence} {url}"
        rows.append([font["name"], shown.strip()])
    title = "licence, as the font file or Debian's package says it"
    return _words(["font", title], rows)


def _words(header, rows):
    """A table of words, all of it to the left."""
    return markdown_table(header, rows, left=range(len(header)))
