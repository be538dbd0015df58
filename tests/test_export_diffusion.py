"""A diffusion model becomes a SavedModel with its whole sampling loop inside."""

import types

import keras
import numpy as np
import pytest
import same_process
from networks import BACKEND, diffusion_generator, tokens

from experiments import export
from hwgen_keras import samplers
from hwgen_keras.errors import InputError
from hwgen_keras.export import exporter, load_exported
from hwgen_keras.generation import sampling
from hwgen_keras.generation.settings import SamplingSettings
from hwgen_keras.models import AdaINGenerator, DiffusionGenerator, UNet
from hwgen_keras.settings import rules_of

# Whatever the backend, TensorFlow exports, and takes its time to compile.
pytestmark = pytest.mark.skipif(BACKEND != "tensorflow", reason="exports take long")

ATTENTION = {"heads": 2, "head_width": 4}
STORED = {
    "sampler": "ddim",
    "steps": 3,
    "guidance": {"condition": 2.0, "content": 1.5},
}


@pytest.fixture(scope="module")
def generator():
    """With all that a model can have: attention to the style, CLIP's embedding."""
    model = diffusion_generator("clip", multipliers=(1,), style_attention=True)
    return model.sampling(**STORED)


@pytest.fixture(scope="module")
def serve(generator, tmp_path_factory):
    """Exported by the script, with other settings than stored."""
    folder = tmp_path_factory.mktemp("export_diffusion")
    generator.save(folder / "generator.keras")
    settings = export.Settings(
        weights=str(folder / "generator.keras"),
        output=str(folder / "exported"),
        sampler="dpm_solver",
        guidance_content=1.0,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporter, "_run", same_process.run)
        return load_exported(export.main(settings))


@pytest.fixture
def inputs(rng):
    content, style = rng.uniform(-1, 1, (2, 3, 12, 16, 1)).astype("float32")
    noise = rng.normal(size=(3, 12, 16, 1)).astype("float32")
    return {"content": content, "style": style, "noise": noise, "tokens": tokens(3)}


def images_of(model, inputs):
    images = keras.ops.convert_to_numpy(model(inputs))
    assert images.std() > 0.1  # Not all of them at one end.
    return images.clip(-1, 1)


def test_exported_is_keras_with_the_settings_of_the_export(generator, serve, inputs):
    # The guidance of the condition is as stored.
    other = generator.sampling(sampler="dpm_solver", guidance={"condition": 2.0})
    assert set(serve.structured_input_signature[1]) == set(generator.input_names)
    written = serve(**inputs)["image"]
    np.testing.assert_allclose(written, images_of(other, inputs), atol=1e-4)


def test_the_number_of_steps_can_be_an_input(generator, serve, inputs):
    other = generator.sampling(
        sampler="dpm_solver", steps=7, guidance={"condition": 2.0}
    )
    log_snrs = samplers.sampling_log_snrs("cosine", 7, "log_snr")
    log_snrs = keras.ops.convert_to_numpy(log_snrs)
    with_steps = serve.model.signatures["serve_steps"]
    written = with_steps(**inputs, log_snrs=log_snrs)["image"]
    np.testing.assert_allclose(written, images_of(other, inputs), atol=1e-4)


def test_what_does_not_fit_is_told_before_the_export(generator, tmp_path):
    generator.save(tmp_path / "generator.keras")
    out = tmp_path / "out"
    settings = export.Settings(
        weights=str(tmp_path / "generator.keras"),
        output=str(out),
        sampler="heun",
        sampling_steps=3,
    )
    with pytest.raises(InputError, match="heun needs at least 4 steps, and diverges"):
        export.main(settings)
    assert not out.exists()


class TestFlags:
    def test_none_leave_the_generator_alone(self, generator):
        assert sampling.apply(SamplingSettings(), generator) is generator
        other = types.SimpleNamespace()
        assert sampling.apply(SamplingSettings(), other) is other

    def test_all_are_applied_and_the_rest_is_as_stored(self, generator):
        model = sampling.apply(SamplingSettings(guidance_style=0.0), generator)
        assert (model.sampler, model.steps) == ("ddim", 3)
        assert model.guidance == {"content": 1.5, "style": 0.0, "condition": 2.0}
        assert model.network is generator.network
        flags = {"sampler": "heun", "sampling_steps": 4, "guidance_content": 1.0}
        settings = SamplingSettings(**flags, guidance_condition=1.5)
        model = sampling.apply(settings, generator)
        assert (model.sampler, model.steps) == ("heun", 4)
        assert model.guidance == {"content": 1.0, "style": 1.0, "condition": 1.5}

    def test_the_samplers_are_those_of_the_package(self):
        help = rules_of(SamplingSettings)["sampler"].help
        assert all(name in help for name in ("ddim", "dpm_solver", "heun"))
        with pytest.raises(
            InputError, match="--sampler: there is no 'euler'; use ddim"
        ):
            SamplingSettings(sampler="euler")

    @pytest.mark.parametrize(
        ("flags", "message"),
        [
            ({"sampling_steps": -1}, "--sampling_steps is -1; give 1 or more"),
            ({"guidance_style": -0.5}, "--guidance_style is -0.5; give 0 or more"),
            ({"guidance_style": float("nan")}, "--guidance_style is nan; give"),
            ({"sampler": "heun"}, "heun needs at least 4 steps, and diverges with 3"),
            (
                {"sampler": "heun", "sampling_steps": 2},
                "and diverges with 2; give more",
            ),
        ],
    )
    def test_values_that_do_not_fit(self, generator, flags, message):
        with pytest.raises(InputError, match=message) as caught:
            sampling.apply(SamplingSettings(**flags), generator)
        assert "\n" not in str(caught.value)

    def test_other_models_have_nothing_to_set(self):
        adain = AdaINGenerator(width=8, multipliers=(1,), attention=ATTENTION)
        for name, value in (("sampler", "ddim"), ("guidance_content", 1.0)):
            message = f"--{name} is for a diffusion model, not for AdaINGenerator"
            with pytest.raises(InputError, match=message):
                sampling.apply(SamplingSettings(**{name: value}), adain)

    def test_a_condition_that_is_not_there_has_no_guidance(self):
        model = DiffusionGenerator(UNet(8, (1,), style_width=8, attention=ATTENTION))
        with pytest.raises(InputError, match="--guidance_condition: the model has no"):
            sampling.apply(SamplingSettings(guidance_condition=2.0), model)
