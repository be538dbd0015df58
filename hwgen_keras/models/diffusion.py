"""The conditional diffusion model: its generator, and its training."""

import keras
from keras import ops

from hwgen_keras import samplers, schedules
from hwgen_keras.backend import replica_count
from hwgen_keras.layers import ConfigFromSignature, layer_seed
from hwgen_keras.models.unet import CONDITIONS


@keras.saving.register_keras_serializable("hwgen_keras")
class DiffusionGenerator(ConfigFromSignature, keras.Model):
    """Writes the content image's character in the style image's hand, out of noise.

    Takes the inputs of an `AdaINGenerator` and the noise to begin with, so that one
    input gives one image.

    Args:
        network: a `UNet`.
        schedule: a key of `schedules.SCHEDULES`.
        parameterization: of `schedules.PARAMETERIZATIONS`; what the network predicts.
        sampler: a key of `samplers.SAMPLERS`.
        steps: evaluations of the network ("heun": twice as many, less one).
        spacing: of the steps, see `samplers.sampling_log_snrs`.
        guidance: scales by name, of `"content"`, `"style"`, `"condition"`; 1, the
            default of each, leaves it as it was learned, more overdraws it; 0 writes
            without it. Each of another value costs one more evaluation a step.

    Input: a dict of

    - `noise`: (batch, height, width, 1), float32, standard normal;
    - `content`: (batch, height, width, 1), float in [-1, 1], paper +1, ink -1; sides
      divisible by `stride`;
    - `style`: the same shape, or (batch, images, height, width, 1): several images
      by one hand;
    - `style_weights`: (batch, images), optional: shares of the style images, see
      `style_of_images`; images of several hands mix these hands;
    - the inputs of the condition, such as `label` or `tokens`;
    - `drop_content`, `drop_style`, `drop_condition`: (batch,) bool, optional: rows
      that are not told it.

    A call also takes `log_snrs`, optional float32 (steps,), increasing: steps in place
    of those of `steps` and `spacing`.

    Output: (batch, height, width, 1), float32 in [-1, 1].

    Raises:
        InputError: an argument is not one of those above.

    Example:
        >>> network = hw.UNet(width=8, multipliers=(1, 2), patch=2, style_width=8)
        >>> generator = hw.DiffusionGenerator(network, steps=2)
        >>> images = np.ones((2, 16, 16, 1), "float32")
        >>> noise = np.random.default_rng(0).standard_normal(images.shape, "float32")
        >>> inputs = {"noise": noise, "content": images, "style": images}
        >>> tuple(generator(inputs).shape)
        (2, 16, 16, 1)

    Reference: Ho et al., DDPM, 2020; Ho and Salimans, Classifier-free Diffusion
    Guidance, 2022; Brooks et al., InstructPix2Pix, 2023 (one scale a condition).
    """

    mode = "diffusion"

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
        super().__init__(**kwargs)
        guidance = {name: 1.0 for name in CONDITIONS} | dict(guidance or {})
        for name in guidance:
            schedules.check_name("guidance of", name, CONDITIONS)
        schedules.check_name("sampler", sampler, samplers.SAMPLERS)
        schedules.check_name(
            "parameterization", parameterization, schedules.PARAMETERIZATIONS
        )
        samplers.sampling_log_snrs(schedule, steps, spacing)  # Checks these three.
        self.network, self.guidance = network, guidance
        self.schedule, self.parameterization = schedule, parameterization
        self.sampler, self.steps, self.spacing = sampler, steps, spacing

    @property
    def stride(self):
        """What the sides of an image must be divisible by."""
        return self.network.stride

    @property
    def condition(self):
        """The condition of the network, or `None`."""
        return self.network.condition

    @property
    def input_names(self):
        """Names of the inputs that a call needs."""
        return (*self.network.input_names, "noise")

    def build(self, input_shape=None):
        if not self.network.built:
            self.network.build()

    def predict_image(self, noisy, log_snr, inputs, style):
        """The network's estimate of the clean image, without guidance, unclipped.

        Args:
            noisy: (batch, height, width, 1), float32.
            log_snr: of `noisy`, float32, (batch,) or one number.
            inputs: what a call takes; `noise` is not used.
            style: what `network.encode_style` returned.
        """
        log_snr = ops.broadcast_to(log_snr, (ops.shape(noisy)[0],))
        prediction = self.network(noisy, log_snr, inputs, style)
        signal, sigma = schedules.rates(log_snr[:, None, None, None])
        kind = self.parameterization
        return schedules.to_image(prediction, noisy, signal, sigma, kind)

    def call(self, inputs, log_snrs=None):
        style = self.network.encode_style(inputs["style"], inputs.get("style_weights"))
        everyone = ops.ones((ops.shape(inputs["noise"])[0],), "bool")
        scales = dict(self.guidance)
        if self.condition is None:
            del scales["condition"]
        absent = {f"drop_{k}": everyone for k, scale in scales.items() if scale == 0}
        inputs = {**inputs, **absent}
        guided = {k: scale for k, scale in scales.items() if scale not in (0, 1)}

        def denoise(noisy, log_snr):
            told = self.predict_image(noisy, log_snr, inputs, style)
            image = told
            for name, scale in guided.items():
                less = {**inputs, f"drop_{name}": everyone}
                untold = self.predict_image(noisy, log_snr, less, style)
                image = image + (scale - 1.0) * (told - untold)
            return ops.clip(image, -1.0, 1.0)

        if log_snrs is None:
            log_snrs = samplers.sampling_log_snrs(
                self.schedule, self.steps, self.spacing
            )
        noise = ops.cast(inputs["noise"], "float32")
        return samplers.SAMPLERS[self.sampler](denoise, noise, log_snrs)

    def sampling(self, **settings):
        """The same trained network with other `sampler`, `steps`, `guidance`, …

        Args:
            settings: those to change, of `sampler`, `steps`, `spacing`, `guidance`.

        Raises:
            InputError: a setting is not one of the class.
        """
        config = {
            name: getattr(self, name)
            for name in ("schedule", "parameterization", *SAMPLING)
        }
        other = type(self)(
            self.network, **{**config, **settings}, dtype=self.dtype_policy
        )
        other.build()
        return other


# Settings that a trained network leaves open.
SAMPLING = ("sampler", "steps", "spacing", "guidance")


@keras.saving.register_keras_serializable("hwgen_keras")
class Diffusion(ConfigFromSignature, keras.Model):
    """Trains a `DiffusionGenerator` to tell images from the noise added to them.

    Compile it with an optimizer alone; `fit` minimises the mean of `call`.

    Args:
        generator: a `DiffusionGenerator`.
        min_snr_gamma: larger signal-to-noise ratios count as this one; `None`: all
            rows of a batch count alike, in the network's own parameterization.
        drop_content, drop_style, drop_condition: shares of rows that are not told
            it, each drawn on its own, for guidance.

    Data, a dict of one batch: `target`, `content`, `style` and what the generator's
    condition asks for. Noise, its level and what is left out are drawn here.

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
        super().__init__(**kwargs)
        self.generator, self.min_snr_gamma = generator, min_snr_gamma
        self.drop_content, self.drop_style = drop_content, drop_style
        self.drop_condition = drop_condition
        self.seed_generator = keras.random.SeedGenerator(layer_seed())

    def build(self, input_shape=None):
        if not self.generator.built:
            self.generator.build()

    def call(self, data, training=False):
        images = ops.cast(data["target"], "float32")
        batch, height, width, _ = ops.shape(images)
        generator, seed = self.generator, self.seed_generator

        # One draw for all rows; each then has its own share of the levels.
        start = keras.random.uniform((1,), seed=seed, dtype="float32")
        rows = ops.cast(ops.arange(batch), "float32") / ops.cast(batch, "float32")
        log_snr = schedules.SCHEDULES[generator.schedule]((start + rows) % 1.0)
        noise = keras.random.normal(
            (batch, height, width, 1), dtype="float32", seed=seed
        )
        inputs = {name: data[name] for name in generator.network.input_names}
        for name in (f"drop_{name}" for name in CONDITIONS):
            drawn = keras.random.uniform((batch,), seed=seed, dtype="float32")
            inputs[name] = drawn < getattr(self, name)

        signal, sigma = schedules.rates(log_snr[:, None, None, None])
        noisy = schedules.diffuse(images, noise, signal, sigma)
        prediction = generator.network(
            noisy, log_snr, inputs, generator.network.encode_style(inputs["style"])
        )
        kind = generator.parameterization
        target = schedules.training_target(images, noise, signal, sigma, kind)
        error = ops.mean(ops.square(prediction - target), axis=(1, 2, 3))
        return error * schedules.min_snr_weight(log_snr, kind, self.min_snr_gamma)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        return ops.mean(y_pred) / replica_count()
