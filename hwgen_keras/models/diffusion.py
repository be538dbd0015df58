"""The conditional diffusion model: its generator and its training."""

import keras
from keras import ops

from hwgen_keras.errors import InputError
from hwgen_keras.layers.checks import (
    agree,
    check_images,
    check_named,
    check_style,
    shape_and_type,
)
from hwgen_keras.models.denoising import DenoisingGenerator, DenoisingLoss
from hwgen_keras.models.unet import CONDITIONS


@keras.saving.register_keras_serializable("hwgen_keras")
class DiffusionGenerator(DenoisingGenerator):
    """Writes the content image's character in the style image's hand, from noise.

    The initial noise is an input, so equal inputs give equal images.

    Args:
        network: a `UNet`.
        schedule: a key of `schedules.SCHEDULES`.
        parameterization: the network's prediction, of `schedules.PARAMETERIZATIONS`.
        sampler: a key of `samplers.SAMPLERS`.
        steps: evaluations of the network ("heun": twice as many, less one).
        spacing: of the steps, see `samplers.sampling_log_snrs`.
        guidance: scales of `"content"`, `"style"` and `"condition"` by name; 1, the
            default, samples as trained, above 1 exaggerates it, 0 samples without it.
            Each scale except 0 and 1 costs one more evaluation per step.

    Input: a dict of

    - `noise`: (batch, height, width, 1), float32, standard normal;
    - `content`: (batch, height, width, 1), float in [-1, 1], paper +1, ink -1; sides
      divisible by `stride`;
    - `style`, `style_weights` and the inputs of the condition: see `AdaINGenerator`;
    - `drop_content`, `drop_style`, `drop_condition`: (batch,) bool, optional: rows
      without that input.

    A call also takes `log_snrs`, optional float32 (steps,), increasing: the levels in
    place of those of `steps` and `spacing`.

    Output: (batch, height, width, 1), float32 in [-1, 1].

    Raises:
        InputError: an argument is none of these; or an input of a call is missing, or
            has another shape, type or range. The range of tensors is not checked.

    Example:
        >>> network = hw.UNet(width=8, multipliers=(1, 2), patch=2, style_width=8)
        >>> generator = hw.DiffusionGenerator(network, steps=2)
        >>> images = np.ones((2, 16, 16, 1), "float32")
        >>> noise = np.random.default_rng(0).standard_normal(images.shape, "float32")
        >>> inputs = {"noise": noise, "content": images, "style": images}
        >>> tuple(generator(inputs).shape)
        (2, 16, 16, 1)

    Reference: Ho et al., DDPM, 2020; Ho and Salimans, Classifier-free Diffusion
    Guidance, 2022; Brooks et al., InstructPix2Pix, 2023 (one scale per condition).
    """

    mode = "diffusion"
    droppable = CONDITIONS

    def __init__(
        self,
        network,
        schedule="cosine",
        parameterization="velocity",
        sampler="dpm_solver",
        steps=20,
        spacing="log_snr",
        guidance=None,
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
            **kwargs,
        )

    @property
    def stride(self):
        """The number that divides the sides of an image."""
        return self.network.stride

    def check_inputs(self, inputs):
        """Checks the inputs of a call, without the range of tensors.

        Args:
            inputs: those of a call.

        Raises:
            InputError: one is missing, or has another shape, type or range.
        """
        optional = ("style_weights", *(f"drop_{name}" for name in CONDITIONS))
        check_named(inputs, self.input_names, optional)
        check_images(inputs["content"], "content", stride=self.stride)
        check_style(inputs)
        content, _ = shape_and_type(inputs["content"], "content")
        noise, dtype = shape_and_type(inputs["noise"], "noise")
        if "float" not in dtype or not agree(noise, content):
            raise InputError(
                f"noise has the shape {noise} and the type {dtype}; give floats of the "
                f"shape of content, {content}."
            )
        if self.condition is not None:
            self.condition.check_inputs(inputs)

    def predict_image(self, noisy, log_snr, inputs, style):
        """The network's estimate of the clean image, without guidance, unclipped.

        Args:
            noisy: (batch, height, width, 1), float32.
            log_snr: of `noisy`, float32, (batch,) or one number.
            inputs: those of a call; `noise` is not used.
            style: the result of `network.encode_style`.
        """
        log_snr = ops.broadcast_to(log_snr, (ops.shape(noisy)[0],))
        prediction = self.network(noisy, log_snr, inputs, style)
        return self._cleaned(prediction, noisy, log_snr)

    def call(self, inputs, log_snrs=None):
        style = self.network.encode_style(inputs["style"], inputs.get("style_weights"))

        def predict(noisy, log_snr, inputs):
            return self.predict_image(noisy, log_snr, inputs, style)

        return self._sample(predict, inputs, inputs["noise"], log_snrs, limit=1.0)


@keras.saving.register_keras_serializable("hwgen_keras")
class Diffusion(DenoisingLoss):
    """Trains a `DiffusionGenerator` to separate images from added noise.

    Compile it with only an optimizer; `fit` minimises the mean of `call`.

    Args:
        generator: a `DiffusionGenerator`.
        min_snr_gamma: the largest weight of a signal-to-noise ratio; `None`: equal
            weights in the network's own parameterization.
        drop_content, drop_style, drop_condition: shares of rows without that input,
            drawn independently, for guidance.

    Data, a dict of one batch: `target`, `content`, `style` and the inputs of the
    generator's condition. The model draws noise, its level and the dropped inputs.

    Output: the weighted squared error of each row, (batch,), float32.

    Example:
        >>> network = hw.UNet(width=8, multipliers=(1, 2), patch=2, style_width=8)
        >>> model = hw.Diffusion(hw.DiffusionGenerator(network))
        >>> model.compile(optimizer="adam")
        >>> images = np.ones((2, 16, 16, 1), "float32")
        >>> batch = {"content": images, "style": images, "target": images}
        >>> tuple(model(batch).shape)
        (2,)

    Reference: Ho et al., 2020; Salimans and Ho, Progressive Distillation, 2022
    (velocity); Hang et al., Min-SNR Weighting, 2023; Kingma et al., Variational
    Diffusion Models, 2021, appendix I (evenly spaced levels in a batch).
    """

    def __init__(
        self,
        generator,
        min_snr_gamma=5.0,
        drop_content=0.1,
        drop_style=0.1,
        drop_condition=0.1,
        **kwargs,
    ):
        super().__init__(generator, min_snr_gamma, **kwargs)
        self.drop_content, self.drop_style = drop_content, drop_style
        self.drop_condition = drop_condition

    def call(self, data, training=False):
        images = ops.cast(data["target"], "float32")
        network, batch = self.generator.network, ops.shape(images)[0]
        log_snr, noise = self._draw_levels(batch), self._draw_noise(images)
        inputs = {name: data[name] for name in network.input_names}
        inputs |= self._draw_dropped(batch)

        def predict(noisy):
            return network(
                noisy, log_snr, inputs, network.encode_style(inputs["style"])
            )

        squares, weights = self._errors(images, noise, log_snr, predict)
        return ops.mean(squares, axis=(1, 2, 3)) * weights
