"""Inputs of a stroke writer's signatures, and what Keras makes of them."""

import numpy as np
from keras import ops

from hwgen_keras.data import padded, template_strokes
from hwgen_keras.export.templates import unpacked
from hwgen_keras.export.writer_signatures import noise_of
from hwgen_keras.generation.tracks import hand_strokes
from hwgen_keras.layers import StrokeRenderer
from hwgen_keras.sources import PenWriter, Track
from hwgen_keras.sources.images import keeps_place

# {characters to write: (characters shown, pairs of them, side of the images)}.
_EXAMPLES = {"っ": ("永", 3, 24), "永あ国": ("あ道", 8, 32)}


def writer_inputs(model, text="永", shown="あ", pairs=4, templates=None):
    """Inputs of a `StrokeWriter` in a hand that a simulated writer wrote.

    Args:
        model: the writer.
        text: characters to write.
        shown: characters of the hand.
        pairs: strokes of the hand, at most.
        templates: the templates of the characters; None: those of KanjiVG.
    """
    points = model.network.points
    rng = np.random.default_rng(len(text))
    if templates is None:
        templates = [template_strokes(character, points) for character in text]
    # One more than needed, which fills up.
    width = 1 + max(len(template) for template in templates)
    template, mask = padded(templates, width)
    shape = *mask.shape, model.network.features
    pen = PenWriter(seed=0)
    hand = hand_strokes([pen.track(c, points=points) for c in shown], points)
    return {
        "template": template,
        "template_mask": mask,
        "noise": rng.standard_normal(shape, np.float32),
        **hand.pairs(np.arange(len(shown))[None], pairs, rng),
    }


def writer_examples(model, outputs_of, characters=None, templates=None):
    """Examples for `examples`.

    Args:
        model: the writer.
        outputs_of: gives the outputs of the model for inputs.
        characters, templates: those of its `TemplateTable`, or None.
    """
    triples = []
    for text, (shown, pairs, size) in _EXAMPLES.items():
        inputs = writer_inputs(model, text, shown, pairs)
        if len(text) == 1:
            inputs["hand_mask"][:] = False  # No hand.
        track = outputs_of(inputs)
        triples.append(("serve", inputs, track))
        keeps = np.array([keeps_place(c) for c in text])
        drawing = {"keeps_place": keeps, "image_size": np.int32(size)}
        images = {"image": _drawn(text, track, size)}
        triples.append(("serve_images", inputs | drawing, images))
    if templates is not None:
        triples.append(_from_strings(model, outputs_of, characters, templates))
    return triples


def _from_strings(model, outputs_of, characters, templates, size=40, seed=7):
    chosen = np.linspace(0, len(characters) - 1, 3).round().astype(int)
    text = [characters[index] for index in chosen]
    ends = templates["first"] + templates["count"]
    strokes = [
        unpacked(templates["strokes"][templates["first"][i] : ends[i]]) for i in chosen
    ]
    inputs = writer_inputs(model, text, templates=strokes)
    most, features = int(templates["count"].max()), model.network.features
    noise = noise_of(np.int32(seed), len(text), most, features).numpy()
    width = min(most, inputs["noise"].shape[1])
    inputs["noise"][:, :width] = noise[:, :width]
    images = {"image": _drawn(text, outputs_of(inputs), size)}
    for name in ("template", "template_mask", "noise"):
        del inputs[name]
    named = {
        "characters": np.array([c.encode() for c in text]),
        "seed": np.int32(seed),
        "image_size": np.int32(size),
    }
    return "serve_characters", inputs | named, images


def _drawn(text, track, size):
    """Tracks as `hw.load(…).write` places them, drawn as images, uint8."""
    images = []
    for character, points, radii in zip(
        text, track["points"], track["radii"], strict=True
    ):
        # What fills up may lie anywhere.
        points = np.where(radii[..., None] > 0, points, 0.5)
        placed = Track(character, points, radii).in_box().filling()
        lines = {"points": placed.points[None], "radii": placed.radii[None]}
        image = ops.convert_to_numpy(StrokeRenderer(size)(lines))[0, :, :, 0]
        images.append(np.round(255 * (image + 1) / 2).astype(np.uint8))
    return np.stack(images)


def track_difference(track, expected):
    """How much two outputs of a stroke writer differ; infinite if one is not finite.

    It is the largest difference of a number, or the share of lines in which the pen is
    lifted at other points, if that is more. Numbers of these lines are left out: a
    network that is not sure lifts the pen for the slightest change of its weights.
    """
    pen, expected_pen = track["radii"] > 0, expected["radii"] > 0
    same = (pen == expected_pen).all(-1)
    apart = [
        np.abs(track[name] - value)[same].max(initial=0)
        for name, value in expected.items()
    ]
    largest = max(*apart, 1 - same.mean())
    return float(np.nan_to_num(largest, nan=np.inf))
