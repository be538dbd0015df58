"""The signatures of an exported stroke writer: arrays or strings to tracks or images.

All sizes are free: of the batch, of the characters, of what is shown, of the images.
"""

import contextlib

import tensorflow as tf

from hwgen_keras.export.signatures import CharacterTable, spec
from hwgen_keras.export.templates import UNIT
from hwgen_keras.export.track_images import images_of

_IMAGE_SIZE = {"image_size": tf.TensorSpec((), tf.int32, "image_size")}
_SEED = {"seed": tf.TensorSpec((), tf.int32, "seed")}


class TemplateTable(CharacterTable):
    """Maps characters to the templates that a stroke writer moves, inside the graph.

    Args:
        characters: list of strings.
        templates: their `packed_templates`.
    """

    def __init__(self, characters, templates):
        rows = {k: value for k, value in templates.items() if k != "strokes"}
        super().__init__(characters, rows)
        self.strokes = templates["strokes"]
        self.most = int(templates["count"].max())

    def inputs(self, characters):
        """Inputs of a writer for strings (batch,), and `keeps_place` of each."""
        found = self.lookup(characters)
        count = found["count"][:, None]
        place = tf.range(tf.reduce_max(count))[None]
        mask = place < count
        index = found["first"][:, None] + tf.where(mask, place, 0)
        strokes = tf.gather(tf.constant(self.strokes), index)
        template = tf.cast(strokes, tf.float32) * UNIT
        return {
            "template": tf.where(mask[..., None, None], template, 0.0),
            "template_mask": mask,
        }, found["keeps_place"]


def noise_of(seed, rows, strokes, features):
    """The noise of rows, each of which follows from the seed and its number alone.

    Args:
        seed: int32 tensor without dimensions.
        rows, strokes, features: the shape, of which `rows` may be a tensor.

    Returns:
        (rows, strokes, features), float32, the same on every device.
    """

    def draw(row):
        return tf.random.stateless_normal(
            (strokes, features), tf.stack([seed, row]), alg="philox"
        )

    noise = tf.TensorSpec((strokes, features), tf.float32)
    return tf.map_fn(draw, tf.range(rows), fn_output_signature=noise)


def writer_signatures(model, example, table=None, weights=contextlib.nullcontext):
    """The signatures of a stroke writer, see `signatures`.

    Args:
        model: a built `StrokeWriter`.
        example: inputs of it with a hand, arrays, which tell the shapes.
        table: a `TemplateTable`, or None.
        weights: see `signatures`.
    """
    specs: dict[str, tf.TensorSpec] = {}
    for name, value in example.items():
        free = (None,) * (min(value.ndim, 2) - 1)
        specs |= spec(name, *free, *value.shape[2:], dtype=value.dtype)
    features = model.network.features

    # All signatures call one function, see `signatures`.
    @tf.function(input_signature=[specs], autograph=False)
    def write(inputs):
        with weights():
            return model(inputs)

    write = write.get_concrete_function()

    def serve(inputs):
        return write(inputs)

    def serve_images(inputs):
        inputs = dict(inputs)
        places, size = inputs.pop("keeps_place"), inputs.pop("image_size")
        track = write(inputs)
        return {"image": images_of(track["points"], track["radii"], places, size)}

    keeps = spec("keeps_place", dtype=tf.bool)
    functions = {
        "serve": (serve, specs),
        "serve_images": (serve_images, specs | keeps | _IMAGE_SIZE),
    }
    if table is not None:

        def serve_characters(inputs):
            inputs = dict(inputs)
            characters, seed = inputs.pop("characters"), inputs.pop("seed")
            found, inputs["keeps_place"] = table.inputs(characters)
            rows, strokes = tf.unstack(tf.shape(found["template_mask"]))
            noise = noise_of(seed, rows, table.most, features)
            found["noise"] = noise[:, :strokes]
            return serve_images(inputs | found)

        given = {"template", "template_mask", "noise"}
        hand = {name: value for name, value in specs.items() if name not in given}
        named = spec("characters", dtype=tf.string) | hand | _SEED | _IMAGE_SIZE
        functions["serve_characters"] = serve_characters, named
    return functions
