"""The denoiser of the stroke writer: a transformer over the strokes of a character."""

import keras
import numpy as np
from keras import layers, ops

from hwgen_keras.layers import (
    ConfigFromSignature,
    HandFrame,
    ModulatedBlock,
    NoiseLevel,
    TrackFeatures,
    by_stroke,
    dense,
    ensure_built,
    hand_frame,
)
from hwgen_keras.layers.templates import (
    describe_strokes,
    description_width,
    shape_width,
    stroke_shapes,
)
from hwgen_keras.sources.hand_frames import drawn_frame

# The inputs that the denoiser can do without.
WRITER_CONDITIONS = ("hand", "condition")
# The arrays of a hand: strokes of the template, lines and radii as the hand wrote them.
HAND = ("hand_template", "hand_points", "hand_radii", "hand_mask")
_TRACK = ("points", "radii")
# Numbers of a frame of a hand, and how much they count beside others.
_FRAME, _FRAME_SCALE = 7, 4.0
# Is added to the scores of what attention must not see; float16 has no larger one.
_UNSEEN = -3e4


@keras.saving.register_keras_serializable("hwgen_keras")
class StrokeTransformer(ConfigFromSignature, keras.Model):
    """Predicts the image, noise or velocity of the features of strokes.

    A token is a stroke with the way to the next one, see `TrackFeatures`. It also has
    the shape, place and number of the template's stroke. Tokens attend to each other
    and to strokes that the hand wrote, each of which is a pair of the template's stroke
    and the written one. Noise level, hand and condition are vectors, whose sum
    modulates every block.

    Args:
        width: channels of a token, a multiple of `heads`.
        depth: number of blocks.
        heads: number of attention heads.
        condition: `None`, or a `Condition` of width `width`.
        points, coefficients, way_coefficients: see `TrackFeatures`.
        radius_coefficients, way_radius_coefficients: see `TrackFeatures`.

    Arguments of a call:

    - `noisy`: (batch, n, features), float32;
    - `log_snr`: (batch,), float32, of `noisy`;
    - `inputs`: dict with `template` (batch, n, P, 2) and `template_mask` (batch, n),
      see `StrokeWriter`, and the inputs of the condition; optionally `drop_hand`,
      `drop_condition`, (batch,) bool: rows without that input;
    - `hand`: the result of `encode_hand`.

    Output: (batch, n, features), float32.

    Raises:
        ValueError: the condition has another width, or `heads` does not divide `width`.

    Example:
        >>> network = hw.StrokeTransformer(width=16, depth=1, heads=2, points=8,
        ...     coefficients=4, way_coefficients=2)
        >>> inputs = {"template": np.zeros((2, 5, 8, 2), "float32"),
        ...     "template_mask": np.ones((2, 5), bool)}
        >>> noisy = np.zeros((2, 5, network.features), "float32")
        >>> hand = network.encode_hand(inputs)
        >>> tuple(network(noisy, np.zeros(2, "float32"), inputs, hand).shape)
        (2, 5, 21)

    Reference: Peebles and Xie, Scalable Diffusion Models with Transformers, 2023.
    """

    def __init__(
        self,
        width=128,
        depth=4,
        heads=4,
        condition=None,
        points=24,
        coefficients=12,
        way_coefficients=6,
        radius_coefficients=4,
        way_radius_coefficients=3,
        **kwargs,
    ):
        # Places and radii need float32 under any policy; layers cast for themselves.
        super().__init__(autocast=False, **kwargs)
        if width % heads:
            raise ValueError(f"{width} channels cannot make {heads} equal heads.")
        if condition is not None and condition.width != width:
            raise ValueError(
                f"The condition is {condition.width} wide; a transformer of width "
                f"{width} needs one of {width}."
            )
        self.width, self.depth, self.heads = width, depth, heads
        self.condition = condition
        self.points, self.coefficients = points, coefficients
        self.way_coefficients = way_coefficients
        self.radius_coefficients = radius_coefficients
        self.way_radius_coefficients = way_radius_coefficients
        policy = self.dtype_policy
        self.track_features = TrackFeatures(
            points,
            coefficients,
            way_coefficients,
            radius_coefficients,
            way_radius_coefficients,
            name="track_features",
        )

        def linear(name, **arguments):
            return dense(width, dtype=policy, name=name, **arguments)

        silu = keras.activations.silu
        self.noise_level = NoiseLevel(width, dtype=policy, name="noise_level")
        self.pair_1 = linear("pair_1", activation=silu)
        self.pair_2 = linear("pair_2", activation=silu)
        self.pair_3 = linear("pair_3")
        self.pair_norm = layers.LayerNormalization(dtype=policy, name="pair_norm")
        self.to_code = linear("to_code")
        self.stem = linear("stem")
        self.blocks = [
            ModulatedBlock(width, heads, dtype=policy, name=f"block_{i}")
            for i in range(depth)
        ]
        self.last_norm = layers.LayerNormalization(dtype=policy, name="last_norm")
        # From zeros, so that an untrained denoiser predicts the mean.
        self.last_layer = layers.Dense(
            self.features,
            kernel_initializer="zeros",
            dtype="float32",
            name="last_layer",
        )

    @property
    def features(self):
        """The number of features of a stroke."""
        return self.track_features.width

    @property
    def input_names(self):
        """Names of the inputs that a call needs."""
        condition = () if self.condition is None else self.condition.input_names
        return ("template", "template_mask", *condition)

    def build(self, input_shape=None):
        tokens, width = (None, None, self.width), self.width
        ensure_built(self.track_features, self.condition)
        self.noise_level.build((None,))
        shape = shape_width(self.points)
        self.pair_1.build((None, None, shape + self.features + 2 + _FRAME + 1))
        for layer in (self.pair_2, self.pair_3, self.pair_norm, self.last_norm):
            layer.build(tokens)
        for name in ("null_pair", "null_code"):
            weight = self.add_weight(
                shape=(width,),
                initializer=keras.initializers.RandomNormal(stddev=0.02, seed=0),
                name=name,
            )
            setattr(self, name, weight)
        # Of no data in particular, so that new hands lean and press a little.
        for name, start in (("frame_mean", 0.0), ("frame_deviation", 0.1)):
            weight = self.add_weight(
                shape=(_FRAME,),
                initializer=keras.initializers.Constant(start),
                trainable=False,
                dtype="float32",
                autocast=False,
                name=name,
            )
            setattr(self, name, weight)
        self.to_code.build((None, width))
        self.stem.build((None, None, self.features + description_width(self.points)))
        for block in self.blocks:
            block.build()
        self.last_layer.build(tokens)

    def adapt(self, batches):
        """Sets the mean and deviation of strokes and of frames to those of the data.

        Args:
            batches: iterable of data of a `StrokeDiffusion`.

        Raises:
            InputError: there is no stroke in the batches.
        """
        ensure_built(self)
        frames = []

        def framed():
            for data in batches:
                frame, template = self.frame(data), _float32(data["template"])
                lines, radii = by_stroke(*(_float32(data[k]) for k in _TRACK))
                frames.append(ops.convert_to_numpy(frame.numbers()))
                radii = frame.without_pen(radii)
                yield frame.place(template), lines, radii, data["template_mask"]

        self.track_features.adapt(framed())
        numbers = np.concatenate(frames)
        self.frame_mean.assign(numbers.mean(0))
        self.frame_deviation.assign(numbers.std(0))

    def frame(self, inputs):
        """The frames of the hands.

        Args:
            inputs: see `encode_hand`.

        Returns:
            A `HandFrame` with a row for each row of the template; one that changes
            nothing where there is no hand, or `drop_hand` is true.
        """
        batch = ops.shape(inputs["template"])[0]
        if HAND[0] not in inputs:
            return HandFrame.of_numbers(ops.zeros((batch, _FRAME), "float32"))
        frame = hand_frame(*(_float32(inputs[name]) for name in HAND))
        numbers = _for_rows(frame.numbers(), batch)
        if "drop_hand" in inputs:
            numbers = numbers * (1 - _float32(inputs["drop_hand"]))[:, None]
        return HandFrame.of_numbers(numbers)

    def draw_frame(self, rng):
        """The frame of a new hand, as those of the data that the network adapted to.

        Args:
            rng: a NumPy generator.

        Returns:
            The `HandFrame.numbers` of a hand, float32 (7,).
        """
        mean, deviation = map(
            ops.convert_to_numpy, (self.frame_mean, self.frame_deviation)
        )
        return drawn_frame(mean, deviation, rng)

    def encode_hand(self, inputs):
        """What the denoiser reads of a hand, once for any number of calls.

        Args:
            inputs: those of a `StrokeWriter`; without the arrays of a hand there is
                none.

        Returns:
            The code of the hand (batch, width), the keys and values of each block, and
            the mask of the pairs (batch, pairs + 1), float32; the first is learned and
            stands for no hand.
        """
        # Otherwise the layers build themselves, with other names of their variables.
        ensure_built(self)
        batch = ops.shape(inputs["template"])[0]
        null = ops.cast(self.null_pair, self.compute_dtype)
        pairs = ops.reshape(null, (1, 1, self.width))
        code = ops.zeros((batch, self.width), self.compute_dtype)
        mask = ops.ones((batch, 1), "float32")
        if HAND[0] in inputs:
            written, seen = self._encode_pairs(*(inputs[name] for name in HAND))
            hand = ops.sum(written * seen[..., None], axis=1) / ops.maximum(
                ops.sum(seen, axis=1, keepdims=True), 1.0
            )
            null = ops.broadcast_to(null, (ops.shape(hand)[0], 1, self.width))
            pairs = ops.concatenate([null, written], axis=1)
            code = _for_rows(hand, batch)
            seen = _for_rows(ops.cast(seen, "float32"), batch)
            mask = ops.concatenate([mask, seen], axis=1)
        contexts = [block.keys_and_values(pairs) for block in self.blocks]
        contexts = [[_for_rows(x, batch) for x in context] for context in contexts]
        return code, contexts, mask

    def _encode_pairs(self, template, points, radii, mask):
        """Pairs as (batch, pairs, width), and their mask."""
        template, points, radii = map(_float32, (template, points, radii))
        chord = 4 * (points[..., 1, -1, :] - points[..., 1, 0, :])
        frame = hand_frame(template, points, radii, mask)
        described = self.track_features.encode(
            frame.place(template), points, frame.without_pen(radii)
        )
        count = ops.log(1 + ops.sum(_float32(mask), axis=1, keepdims=True)) / 4
        numbers = ops.concatenate([_FRAME_SCALE * frame.numbers(), count], axis=-1)
        numbers = ops.broadcast_to(
            numbers[:, None], (*ops.shape(mask), numbers.shape[-1])
        )
        pairs = [stroke_shapes(template), described, chord, numbers]
        hidden = ops.cast(ops.concatenate(pairs, axis=-1), self.compute_dtype)
        hidden = self.pair_1(hidden)
        hidden = hidden + self.pair_3(self.pair_2(hidden))
        return self.pair_norm(hidden), ops.cast(mask, self.compute_dtype)

    def call(self, noisy, log_snr, inputs, hand):
        template = ops.cast(inputs["template"], "float32")
        mask = ops.cast(inputs["template_mask"], "float32")
        code, contexts, seen = hand
        # A row has a hand where it is shown a pair and the hand is not dropped.
        none = seen.shape[1] == 1
        kept = ops.zeros_like(seen[:, 0]) if none else ops.max(seen[:, 1:], axis=1)
        if "drop_hand" in inputs:
            kept = kept * (1 - ops.cast(inputs["drop_hand"], "float32"))
        kept = kept[:, None]
        seen = ops.concatenate([seen[:, :1], seen[:, 1:] * kept], axis=1)
        # Not ops.where, see `UNet`.
        kept = ops.cast(kept, self.compute_dtype)
        null = ops.cast(self.null_code, self.compute_dtype)
        vector = self.noise_level(log_snr) + self.to_code(
            kept * code + (1 - kept) * null[None]
        )
        if self.condition is not None:
            vector = vector + self.condition(inputs)
        parts = [ops.cast(noisy, "float32"), describe_strokes(template, mask)]
        parts = ops.concatenate(parts, axis=-1) * mask[..., None]
        tokens = self.stem(ops.cast(parts, self.compute_dtype))
        bias = _UNSEEN * (1 - mask)[:, None, None, :]
        context_bias = _UNSEEN * (1 - seen)[:, None, None, :]
        for block, context in zip(self.blocks, contexts, strict=True):
            tokens = block(tokens, vector, context, bias, context_bias)
        prediction = self.last_layer(self.last_norm(tokens))
        return ops.cast(prediction, "float32") * mask[..., None]


def _float32(values):
    return ops.cast(ops.convert_to_tensor(values), "float32")


def _for_rows(hands, rows):
    """(hands, ...) → (rows, ...): each hand is that of as many rows in turn."""
    count, shape = ops.shape(hands)[0], ops.shape(hands)[1:]
    each = ops.broadcast_to(hands[:, None], (count, rows // count, *shape))
    return ops.reshape(each, (rows, *shape))
