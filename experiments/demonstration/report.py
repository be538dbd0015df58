"""The table and the report at the end of the demo."""

import json

from PIL import Image

from hwgen_keras import evaluation
from hwgen_keras.data import read_manifest
from hwgen_keras.sources import read_image
from hwgen_keras.training.settings import STAGES

SIMULATED = (
    "The handwriting of this demo is simulated: strokes of KanjiVG drawn by pens whose "
    "habits are drawn at random, once a writer. No person wrote it. The figures say "
    "how the parts work together, not what a recogniser of real handwriting gains."
)


# Said wherever the two generators are compared.
FAVOURED = (
    "Simulated writers move the strokes of KanjiVG, as the stroke writer does, and the "
    "AdaIN generator the glyphs of a font: the demo favours the stroke writer."
)


def write_report(metrics, handwriting, sets, exported, folder):
    """Prints the table, writes report.html and the picture written.png.

    Args:
        metrics: "recognisers", see `summarise_arms`; "images", the number that each
            read; "fonts", names; "minutes" of each part so far.
        handwriting: path of the manifest of the training writers.
        sets: {name: path of the manifest} of the generated sets.
        exported: columns of images, see `write_in_new_hands`.
        folder: the run folder.
    """
    summary = metrics["recognisers"]
    header, rows = evaluation.arms_table(summary)
    written = {sample.character for sample in read_manifest(handwriting)}
    samples = {name: read_manifest(manifest) for name, manifest in sets.items()}
    classes = {sample.character for sample in samples["AdaIN"]}
    caption = (
        f"Read: {metrics['images']} images by simulated writers that nothing was "
        f"trained on. The training writers wrote {len(written)} of the {len(classes)} "
        "characters: the first two arms cannot know the others. Each of the first "
        "three arms has what the arms above it have; the others have that and the "
        f"{len(samples['AdaIN'])} images of one generator. All have as many optimiser "
        f"steps; mean ± standard deviation over {summary[0]['seeds']} seeds of the "
        f"recogniser. {FAVOURED}"
    )
    steps = folder / "generator" / STAGES[-1] / "samples"
    sheet = evaluation.contact_sheet(exported, blocks=2)
    sheet.save(folder / "written.png")
    sections = [
        evaluation.Text(SIMULATED, heading="Simulated data"),
        evaluation.Table(header, rows, "Recognisers", caption, best={1: "max"}),
        evaluation.Figure(
            Image.open(max(steps.glob("step-*.png"))),
            "AdaIN on its training pairs",
            "After the last of the four stages: content glyph, style image, target "
            "(what the hand really wrote) and generated.",
        ),
        *(
            evaluation.Figure(
                generated_sheet(images),
                f"The set of {name}",
                "Every character once, the first image of each.",
            )
            for name, images in samples.items()
        ),
        evaluation.Figure(
            sheet,
            "AdaIN and the stroke writer side by side",
            "Hands that neither has seen: the exported SavedModel is shown the style "
            "image and rewrites the content, the stroke writer is shown the same "
            "character as strokes. Real: what the hand itself wrote.",
        ),
        evaluation.Figure(
            training_curves(folder / "generator"),
            "Losses of the AdaIN generator",
            "The four stages after each other.",
        ),
        evaluation.Text(
            f"Made in {sum(metrics['minutes'].values()):.1f} minutes with "
            f"{', '.join(metrics['fonts'])}. TensorBoard: tensorboard --logdir {folder}"
        ),
    ]
    evaluation.write_html(folder / "report.html", "hwgen_keras demo", sections)
    print(SIMULATED, "\n")
    print(evaluation.text_table(header, rows), "\n")
    print(caption, "\n")
    print(f"Report: {folder / 'report.html'}")
    print(f"TensorBoard: tensorboard --logdir {folder}")
    print(f"SavedModel: {folder / 'saved_model'}")


def generated_sheet(samples):
    """The first image of each character."""
    first = {}
    for sample in samples:
        first.setdefault(sample.character, sample.path)
    return evaluation.grid([read_image(path) for path in first.values()], columns=12)


def training_curves(folder):
    """The losses of the four stages, one line a stage."""
    histories = {}
    for name in STAGES:
        lines = (folder / name / "history.jsonl").read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        histories[name] = {key: [row[key] for row in rows] for key in rows[0]}
    metrics = ("reconstruction", "implicit", "explicit", "adversarial")
    return evaluation.plot_curves(
        histories, [*metrics, "discriminator", "adaptive_weight"]
    )
