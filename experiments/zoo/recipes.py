"""The trainings behind the models in saved_models/, as data.

`experiments.reproduce` runs them. In a flag, `$fonts`, `$handwriting`, … stand for what
the flags of that script name (a flag is repeated for each of them), and `$runs` for its
--run_dir.
"""

from typing import NamedTuple


class Training(NamedTuple):
    """A training by a script of experiments."""

    script: str
    product: str  # the file in its folder that shows that it is complete
    flags: list[str]


class Model(NamedTuple):
    """A model of saved_models/."""

    kind: str  # classifier, clip, generator or writer
    training: str  # the one whose product it is
    needs: tuple[str, ...]  # all trainings behind it, in order
    judge: str | None  # the training of the recogniser that reads its images


class Source(NamedTuple):
    """Public handwriting."""

    name: str  # stands for its manifest in a command
    pattern: str  # regular expression that is found in the paths of its images
    writing: str  # what it is, and by whom
    licence: str
    traced: bool = False  # over strokes of a training, so that it is no test


SIMULATED_WRITERS = 24
# Seeds of simulated writers that no training sees: those there begin at 0.
UNSEEN_WRITERS = range(1000, 1008)
# Finds the writer in Omniglot's paths: hira-01, kata-01, …
OMNIGLOT_WRITERS = r"[a-z]+-\d+(?=\.png)"

_IMAGES = (
    "--characters=jis1 --skip_unknown_characters --size=small --image_size=64 "
    "--dtype_policy=mixed_bfloat16 --cache=$cache"
)
_DATA = f"--fonts=$fonts --simulated_writers={SIMULATED_WRITERS}"
_GENERATOR = (
    f"{_IMAGES} {_DATA} --handwriting=$handwriting --writer_pattern=$writer_pattern "
    "--clip_weights=$runs/clip --stage=step_end --style_reference=writer "
    "--mode=adain_clip --implicit_trains_style=false --pixel_distance=pyramid"
)
_FLAGS = {
    "hands": "--characters=japanese --fonts=$hand_fonts",
    # The glyphs of handwriting fonts are handwriting to it. A rate of 3e-3 without
    # warm-up learned nothing in 500 steps.
    "reader": (
        "--characters=japanese --skip_unknown_characters --size=small --image_size=64 "
        "--cache=$cache --fonts=$fonts --simulated_writers=40 --train=$handwriting "
        "--train=$runs/hands/fonts.store --writer_pattern=$writer_pattern "
        "--augment=affine,elastic,stroke,perspective --real_share=0.5 "
        "--widths=16,32,96,192 --batch_size=128 --learning_rate=1.5e-3 "
        "--warmup_steps=200 --steps=13500 --label_smoothing=0.1"
    ),
    # Where CLIP's image encoder begins.
    "encoder": (
        f"{_IMAGES} {_DATA} --train=$handwriting --writer_pattern=$writer_pattern "
        "--augment=affine,elastic --real_share=0.5 --batch_size=128 "
        "--learning_rate=3e-3 --steps=5000"
    ),
    "text": "--characters=jis1 --size=small --steps=3000",
    "clip": (
        f"{_IMAGES} {_DATA} --augment=affine --batch_size=64 --steps=1500 "
        "--image_weights=$runs/encoder/classifier.keras --text_weights=$runs/text"
    ),
    "generator": f"{_GENERATOR} --from_scratch --steps=1800",
    # Again from a lower rate, on other rows.
    "generator_longer": (
        f"{_GENERATOR} --generator_weights=$runs/generator "
        "--discriminator_weights=$runs/generator --learning_rate=5e-4 --seed=1 "
        "--steps=1000"
    ),
    "glyphs": "--characters=japanese --fonts=$fonts",
    "fits": (
        "--characters=japanese --fit=$runs/glyphs/fonts.store --kanji_each=2000 "
        "--reader=jis1-reader"
    ),
    "writer": (
        "--characters=japanese --size=small --strokes=$runs/fits/strokes.store "
        "--strokes_share=0.7 --simulated_writers=240 --characters_each=60 "
        "--variation=1 --mixed_hands=0.7 --held_out_every=10 --steps=15000"
    ),
    # Other fonts and one more writer: the judge must not be a network that taught the
    # others.
    "judge": (
        f"{_IMAGES} --fonts=$judge_fonts --train=$handwriting "
        "--train=$judge_handwriting --augment=affine,elastic --real_share=0.5 "
        "--batch_size=128 --steps=5000"
    ),
}
_SCRIPTS = {
    "hands": ("prepare_fonts", "fonts.store"),
    "encoder": ("train_classifier", "classifier.keras"),
    "reader": ("train_classifier", "classifier.keras"),
    "text": ("train_text_encoder", "text_encoder.keras"),
    "clip": ("train_clip", "clip.keras"),
    "generator": ("train_generator", "generator.keras"),
    "generator_longer": ("train_generator", "generator.keras"),
    "glyphs": ("prepare_fonts", "fonts.store"),
    "fits": ("prepare_strokes", "strokes.store"),
    "writer": ("train_writer", "generator.keras"),
    "judge": ("train_classifier", "classifier.keras"),
}
# They prepare data, in a folder that is their --output.
PREPARATIONS = frozenset({"hands", "glyphs", "fits"})
TRAININGS = {n: Training(*_SCRIPTS[n], flags.split()) for n, flags in _FLAGS.items()}
_GENERATOR_NEEDS = ("encoder", "text", "clip", "generator", "generator_longer")
MODELS = {
    "jis1-reader": Model("classifier", "reader", ("hands", "reader"), None),
    "jis1-clip": Model("clip", "clip", ("encoder", "text", "clip"), None),
    "jis1-generator": Model("generator", "generator_longer", _GENERATOR_NEEDS, "judge"),
    "jis1-writer": Model("writer", "writer", ("glyphs", "fits", "writer"), "judge"),
}
# Megabytes (10⁶ bytes) that a model, and all of them, may have in the repository.
MOST_MEGABYTES, MOST_MEGABYTES_IN_ALL = 17, 45
# Share of the generated images that the judge is to read, by kind of character.
BAR = {"kana": 0.9, "kanji": 0.8}

SOURCES = (
    Source(
        "OMNIGLOT",
        r"(?i)omniglot",
        "Omniglot, the Japanese alphabets: kana drawn online, by Brenden Lake et al.",
        "MIT, copyright 2015 Brenden Lake",
    ),
    Source(
        "KOMATSU",
        r"(?i)komatsu|tomoe",
        "tomoe_data by Hiroyuki Komatsu: one pen hand, drawn from recorded strokes",
        "Apache-2.0 or CC BY 4.0",
    ),
    Source(
        "KLEIN",
        r"(?i)klein|kanjicanvas",
        "kanjicanvas by Dominik Klein, https://github.com/asdfjkl/kanjicanvas: one pen "
        "hand, drawn from strokes that were traced over KanjiVG (they lie 0.03 of the "
        "box from it, a real pen's 0.10); ten or more of its images show another "
        "character than they are listed under",
        "MIT",
        traced=True,
    ),
)
# Of fonts whose files name none: (start of the name, what Debian's package says).
FONT_LICENCES = (
    ("YOz", "SIL Open Font License 1.1"),
    ("SetoFont", "SIL Open Font License 1.1"),
    ("kiloji", "BSD-3-Clause"),
    ("KouzanBrush", "public domain"),
    ("Aoyagi", "public domain"),
    ("Dejima mincho", "MIT"),
    ("Konatu", "MIT"),
    ("Komatuna", "CC BY-SA 3.0 and BSD-3-Clause"),
    ("VL Gothic", "M+ and Sazanami fonts' licences, BSD-3-Clause"),
    ("UmePlus", "M+ fonts' licence, BSD-3-Clause"),
)
KANJIVG = (
    "strokes of KanjiVG, copyright Ulrich Apel, https://kanjivg.tagaini.net, drawn by "
    "the simulated writers of this project",
    "CC BY-SA 3.0",
)
