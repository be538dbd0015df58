"""The stroke writer: a diffusion model of tracks of the pen, and its training."""

import keras
import numpy as np
from keras import ops

from hwgen_keras.errors import InputError, check_number
from hwgen_keras.layers import QuickStrokeRenderer, by_stroke
from hwgen_keras.layers.checks import agree, check_named, shape_and_type
from hwgen_keras.models.denoising import (
    SAMPLING,
    DenoisingGenerator,
    DenoisingLoss,
)
from hwgen_keras.models.stroke_transformer import HAND, WRITER_CONDITIONS

# Whitened numbers of handwriting are smaller; without a limit a raw writer puts strokes
# far outside the box.
MOST_DEVIATIONS = 6.0


@keras.saving.register_keras_serializable("hwgen_keras")
class StrokeWriter(DenoisingGenerator):
    """Writes the strokes of a template in the hand it is shown, from noise.

    It moves the strokes of the template, joins them or leaves them out, and gives them
    their width; so it makes no wrong stroke. The initial noise is an input, so equal
    inputs give equal tracks.

    Args:
        network: a `StrokeTransformer`.
        schedule, parameterization, sampler, steps, spacing: see `DiffusionGenerator`.
        guidance: scales of `"hand"` and `"condition"`, see `DiffusionGenerator`.
        temperature: factor on the noise, 0 or more; below 1 samples vary less. How wide
            a stroke is in the mean is never drawn: a hand has one pen.
        join_temperature: the same of the ways of the pen, and of whether a stroke is
            present and the pen stays down; None: `temperature`. Below 1 hardly a pen
            stays down and no stroke is left out, since most do not.

    Input: a dict of

    - `template`: (batch, n, P, 2), float: the strokes of the characters in writing
      order, x to the right and y down, evenly spaced points; the character's box is
      [0, 1] x [0, 1]; any numbers in strokes that fill up the batch;
    - `template_mask`: (batch, n), bool: the strokes that a character has, at least one;
      those that fill up come last;
    - `noise`: (batch, n, network.features), float32, standard normal;
    - the inputs of the condition;
    - optionally hands, as strokes that they wrote, of any characters in any order:
      `hand_template` (hands, pairs, P, 2), strokes of templates; `hand_points` (hands,
      pairs, 2, P, 2), each stroke as the hand wrote it and the way to the next one;
      `hand_radii` (hands, pairs, 2, P), half the width of both, 0 or less where the pen
      is lifted; `hand_mask` (hands, pairs), bool, pairs that exist; one without any is
      no hand. There are as many hands as rows, or fewer: each is that of batch / hands
      rows in turn, one hand that of all;
    - `drop_hand`, `drop_condition`: (batch,) bool, optional: rows without that input.

    How a hand leans, stretches and presses in all its strokes (`HandFrame`) is computed
    and not learned; the network moves the strokes from there.

    A call also takes `log_snrs`, see `DiffusionGenerator`.

    Output: a dict of

    - `points`: (batch, 2n - 1, P, 2), float32: the strokes, and between them the ways
      of the pen to the next;
    - `radii`: (batch, 2n - 1, P), float32, half the width of the line; 0 where the pen
      is lifted and in lines that fill up the batch.

    Raises:
        InputError: an argument is none of these; or an input of a call is missing, or
            has another shape or type, or is not finite.

    Example:
        >>> network = hw.StrokeTransformer(width=16, depth=1, heads=2, points=8,
        ...     coefficients=4, way_coefficients=2)
        >>> writer = hw.StrokeWriter(network, steps=2)
        >>> template = np.tile(np.linspace(0.2, 0.8, 8)[:, None], (1, 3, 1, 2))
        >>> track = writer({
        ...     "template": template.astype("float32"),
        ...     "template_mask": np.ones((1, 3), bool),
        ...     "noise": np.zeros((1, 3, network.features), "float32"),
        ... })
        >>> tuple(track["points"].shape), tuple(track["radii"].shape)
        ((1, 5, 8, 2), (1, 5, 8))

    Reference: Ho et al., DDPM, 2020; Ho and Salimans, Classifier-free Diffusion
    Guidance, 2022. KanjiVG's strokes as what is moved: Tan et al., Component-based
    handwriting synthesis, ICIG 2017.
    """

    mode = "writer"
    droppable = WRITER_CONDITIONS
    sampling_settings = (*SAMPLING, "temperature", "join_temperature")

    def __init__(
        self,
        network,
        schedule="cosine",
        parameterization="velocity",
        sampler="dpm_solver",
        steps=12,
        spacing="log_snr",
        guidance=None,
        temperature=0.5,
        join_temperature=None,
        **kwargs,
    ):
        super().__init__(
            network,
            schedule,
            parameterization,
            sampler,
            steps,
            spacing,
            guidance,
            autocast=False,
            **kwargs,
        )
        check_number(temperature, "temperature", "a number of 0 or more")
        if join_temperature is not None:
            check_number(join_temperature, "join_temperature", "a number of 0 or more")
        self.temperature, self.join_temperature = temperature, join_temperature

    def check_inputs(self, inputs):
        """Checks the inputs of a call.

        Args:
            inputs: those of a call.

        Raises:
            InputError: one is missing, has another shape or type, or is not finite.
        """
        shown = [name for name in HAND if name in inputs]
        if shown and len(shown) < len(HAND):
            missing = next(name for name in HAND if name not in inputs)
            raise InputError(
                f"The input {missing} is missing; a hand is {', '.join(HAND)}."
            )
        drops = [f"drop_{name}" for name in self.droppable]
        check_named(inputs, self.input_names, drops)
        points = self.network.points
        _check(inputs, "template", (None, None, points, 2))
        template, _ = shape_and_type(inputs["template"], "template")
        strokes = None if template is None else template[1]
        _check(inputs, "template_mask", (None, strokes), "bool")
        _check(inputs, "noise", (None, strokes, self.network.features))
        mask = inputs["template_mask"]
        if isinstance(mask, np.ndarray) and not mask.any(axis=1).all():
            row = np.flatnonzero(~mask.any(axis=1))[0]
            raise InputError(
                f"template_mask has no stroke in row {row}; give a character at least "
                "one."
            )
        if shown:
            check_named({name: inputs[name] for name in shown}, HAND, ())
            pairs = shape_and_type(inputs["hand_template"], "hand_template")[0]
            pairs = None if pairs is None or len(pairs) < 2 else pairs[1]
            _check(inputs, "hand_template", (None, pairs, points, 2))
            _check(inputs, "hand_points", (None, pairs, 2, points, 2))
            _check(inputs, "hand_radii", (None, pairs, 2, points))
            _check(inputs, "hand_mask", (None, pairs), "bool")
            hands, rows = (
                (shape_and_type(inputs[name], name)[0] or (None,))[0]
                for name in ("hand_mask", "template")
            )
            if hands is not None and rows is not None and rows % hands:
                raise InputError(
                    f"There are {hands} hands for {rows} rows of template; give a hand "
                    "for each row, or for as many rows each."
                )
        if self.condition is not None:
            self.condition.check_inputs(inputs)

    def call(self, inputs, log_snrs=None):
        network = self.network
        if not self.guidance["hand"]:
            inputs = {name: inputs[name] for name in inputs if name not in HAND}
        hand = network.encode_hand(inputs)

        def predict(noisy, log_snr, inputs):
            log_snr = ops.broadcast_to(log_snr, (ops.shape(noisy)[0],))
            prediction = network(noisy, log_snr, inputs, hand)
            return self._cleaned(prediction, noisy, log_snr)

        factors = ops.convert_to_tensor(self._temperatures())
        noise = factors * ops.cast(inputs["noise"], "float32")
        features = self._sample(predict, inputs, noise, log_snrs, MOST_DEVIATIONS)
        frame = network.frame(inputs)
        points, radii = network.track_features.decode(
            frame.place(ops.cast(inputs["template"], "float32")),
            features,
            inputs["template_mask"],
        )
        return {"points": points, "radii": frame.with_pen(radii)}

    def _temperatures(self):
        """The factor on each number of a stroke's noise.

        Those of the mean widths are 0: a hand has one pen, and drawn widths would
        change from character to character.

        Returns:
            float32 array (network.features,).
        """
        features, joins = self.network.track_features, self.join_temperature
        joins = self.temperature if joins is None else joins
        factors = np.where(features.joins, joins, self.temperature)
        return np.where(features.pens, 0.0, factors).astype("float32")

    def render(self, inputs, image_size, log_snrs=None):
        """The tracks of a call as images.

        Args:
            inputs, log_snrs: those of a call.
            image_size: side of the square image in pixels.

        Returns:
            (batch, image_size, image_size, 1), float32 in [-1, 1], -1 ink.
        """
        return QuickStrokeRenderer(image_size)(self(inputs, log_snrs))


def _check(inputs, name, expected, kind="float"):
    """Raises InputError unless an input has a shape and a type, and is finite."""
    value = inputs[name]
    shape, dtype = shape_and_type(value, name)
    if kind not in dtype or not agree(shape, expected):
        wanted = ", ".join("any" if side is None else str(side) for side in expected)
        raise InputError(
            f"{name} has the shape {shape} and the type {dtype}; give {kind} numbers "
            f"of the shape ({wanted})."
        )
    if isinstance(value, np.ndarray) and not np.isfinite(value).all():
        raise InputError(f"{name} has numbers that are not finite; give finite ones.")


@keras.saving.register_keras_serializable("hwgen_keras")
class StrokeDiffusion(DenoisingLoss):
    """Trains a `StrokeWriter` to separate tracks from added noise.

    Compile it with only an optimizer; `fit` minimises the mean of `call`. Let the
    generator's `network.track_features` adapt to the data before.

    Args:
        generator: a `StrokeWriter`.
        min_snr_gamma: see `Diffusion`.
        drop_hand, drop_condition: shares of rows without that input, drawn
            independently, for guidance and for writing in no hand.

    Data, a dict of one batch: `points` (batch, 2n - 1, P, 2) and `radii` (batch,
    2n - 1, P), the tracks as people wrote them; and the inputs of the generator except
    `noise`. The model draws noise, its level and the dropped inputs.

    Output: the weighted squared error of each row, a mean over its strokes, (batch,),
    float32. Numbers of a stroke weigh as much as one sees of them, see
    `TrackFeatures.importance`.

    Example:
        >>> network = hw.StrokeTransformer(width=16, depth=1, heads=2, points=8,
        ...     coefficients=4, way_coefficients=2)
        >>> model = hw.StrokeDiffusion(hw.StrokeWriter(network))
        >>> model.compile(optimizer="adam")
        >>> batch = {
        ...     "template": np.zeros((2, 3, 8, 2), "float32"),
        ...     "template_mask": np.ones((2, 3), bool),
        ...     "points": np.zeros((2, 5, 8, 2), "float32"),
        ...     "radii": np.full((2, 5, 8), 0.02, "float32"),
        ... }
        >>> tuple(model(batch).shape)
        (2,)

    Reference: see `Diffusion`.
    """

    def __init__(
        self,
        generator,
        min_snr_gamma=5.0,
        drop_hand=0.1,
        drop_condition=0.1,
        **kwargs,
    ):
        super().__init__(generator, min_snr_gamma, autocast=False, **kwargs)
        self.drop_hand, self.drop_condition = drop_hand, drop_condition

    def call(self, data, training=False):
        network = self.generator.network
        template, points, radii = (
            ops.cast(data[name], "float32") for name in ("template", "points", "radii")
        )
        frame = network.frame(data)
        lines, radii = by_stroke(points, radii)
        clean = network.track_features.encode(
            frame.place(template), lines, frame.without_pen(radii)
        )
        mask = ops.cast(data["template_mask"], "float32")[..., None]
        clean, batch = clean * mask, ops.shape(clean)[0]
        log_snr, noise = self._draw_levels(batch), self._draw_noise(clean)
        names = (*network.input_names, *(name for name in HAND if name in data))
        inputs = {name: data[name] for name in names} | self._draw_dropped(batch)

        def predict(noisy):
            return network(noisy, log_snr, inputs, network.encode_hand(inputs))

        squares, weights = self._errors(clean, noise, log_snr, predict)
        importance = ops.convert_to_tensor(network.track_features.importance)
        total = ops.sum(squares * mask * importance, axis=(1, 2))
        return total / (network.features * ops.sum(mask, axis=(1, 2))) * weights
