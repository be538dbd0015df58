"""The images of a diffusion model, and its guidance."""

import inspect
import re

import keras
import numpy as np
import pytest
from keras import ops
from networks import BACKEND, compiled, diffusion_generator, images, labels, tokens
from recorder import Recorder, rates

from hwgen_keras import samplers
from hwgen_keras.errors import InputError
from hwgen_keras.models import DiffusionGenerator, UNet
from hwgen_keras.models.unet import CONDITIONS


def noise(count=2, size=16, seed=9):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, size, size, 1), "float32")


def generator_inputs():
    return {
        "content": images(seed=1),
        "style": images(seed=2),
        "label": labels(),
        "tokens": tokens(),
        "noise": noise(),
    }


@pytest.fixture(scope="module")
def model():
    return diffusion_generator(
        "embedding", steps=2, style_attention=True, multipliers=(1,)
    )


@pytest.fixture(scope="module")
def write(model):
    """A function, inputs → images, without guidance."""
    return compiled(model)


# The change in each row after the first.
CHANGES = {
    "noise": noise(1, seed=8),
    "content": images(1, seed=5),
    "style": images(1, seed=6),
    "label": np.array([3], "int32"),
}


@pytest.fixture(scope="module")
def rows():
    """The same inputs five times, with a change in each of the last four."""
    batch = {name: generator_inputs()[name][:1].repeat(5, axis=0) for name in CHANGES}
    for row, (name, value) in enumerate(CHANGES.items(), start=1):
        batch[name][row] = value[0]
    return batch


@pytest.fixture(scope="module")
def written(write, rows):
    return write(rows)


class TestGenerator:
    def test_one_input_gives_one_image(self, write, rows, written):
        np.testing.assert_array_equal(write(rows), written)
        assert written.shape == (5, 16, 16, 1) and written.dtype == np.float32
        assert written.min() >= -1 and written.max() <= 1
        assert written.std() > 0.1

    @pytest.mark.parametrize("name", CHANGES)
    def test_each_input_matters(self, name, written):
        row = 1 + list(CHANGES).index(name)
        assert np.abs(written[row] - written[0]).max() > 1e-3

    def test_rows_are_independent(self, write, rows, written):
        order = np.array([3, 1, 4, 4, 0])
        mixed = write({name: value[order] for name, value in rows.items()})
        np.testing.assert_allclose(mixed, written[order], atol=1e-4)

    def test_guidance_of_one_is_none_and_costs_nothing(self):
        plain, evaluations = [], []
        for guidance in (None, {name: 1.0 for name in CONDITIONS}, {"style": 2.0}):
            calls = []

            def count(noisy, log_snr, inputs, calls=calls):
                calls.append(sorted(k for k in inputs if k.startswith("drop_")))
                return 0.1 * noisy

            model = DiffusionGenerator(
                Recorder(count), steps=1, sampler="ddim", guidance=guidance
            )
            plain.append(ops.convert_to_numpy(model.call(generator_inputs())))
            evaluations.append(calls[-2:])
        np.testing.assert_array_equal(plain[1], plain[0])
        assert evaluations == [[[]], [[]], [[], ["drop_style"]]]

    @pytest.mark.parametrize(
        "scales",
        [
            {"content": 1.5},
            {"style": 3.0},
            {"condition": 0.0},
            {"content": 2.0, "style": 1.5, "condition": 2.5},
        ],
        ids=lambda scales: "-".join(scales),
    )
    def test_guidance_extrapolates_from_dropped_inputs(self, scales):
        # Each input changes the prediction by its own number.
        moves = {"content": 0.1, "style": -0.2, "condition": 0.3}

        def predict(noisy, log_snr, inputs):
            prediction = 0.05 * noisy
            for name, move in moves.items():
                dropped = inputs.get(f"drop_{name}", np.zeros(2, bool))
                kept = ops.cast(ops.logical_not(dropped), "float32")
                prediction = prediction + move * kept[:, None, None, None]
            return prediction

        # A first and last step of DDIM returns the denoiser's estimate.
        model = DiffusionGenerator(
            Recorder(predict),
            parameterization="image",
            sampler="ddim",
            steps=1,
            guidance=scales,
        )
        actual = ops.convert_to_numpy(model.call(generator_inputs()))
        start = rates(samplers.FIRST_LOG_SNR)[1] * noise()
        expected = 0.05 * start + sum(moves.values())
        expected += sum((s - 1) * moves[name] for name, s in scales.items())
        np.testing.assert_allclose(actual, np.clip(expected, -1, 1), atol=1e-5)

    def test_guidance_of_a_network_by_its_dropped_predictions(self, model):
        # The same with a U-Net, over one DDIM step from noise to image.
        network, inputs = model.network, generator_inputs()
        level = samplers.FIRST_LOG_SNR
        signal, sigma = rates(level)
        start = (sigma * noise()).astype("float32")
        levels = np.full(2, level, "float32")
        masks = {f"drop_{name}": np.zeros(2, bool) for name in CONDITIONS}

        def predicted(data):
            return network(start, levels, data, network.encode_style(data["style"]))

        predicted = compiled(predicted)
        kept = predicted({**inputs, **masks})
        dropped = predicted({**inputs, **masks, "drop_style": np.ones(2, bool)})
        kept, dropped = (signal * start - sigma * v for v in (kept, dropped))
        guided = model.sampling(sampler="ddim", steps=1, guidance={"style": 1.7})
        actual = compiled(guided)(inputs)
        expected = np.clip(kept + 0.7 * (kept - dropped), -1, 1)
        np.testing.assert_allclose(actual, expected, atol=1e-4)
        assert np.abs(expected - np.clip(kept, -1, 1)).max() > 1e-2

    @pytest.mark.skipif(BACKEND != "jax", reason="reads XLA's program of a model")
    @pytest.mark.parametrize("scale", [0.0, 1.7])
    def test_xla_multiplies_by_no_repeated_number(self, model, scale):
        # Where it fuses a product with a reduction, jaxlib 0.10.2 to 0.12.0.1 reads a
        # repeated number as a whole matrix, beyond its end in memory.
        import jax

        guided = model.sampling(sampler="ddim", steps=1, guidance={"style": scale})
        program = jax.jit(guided).lower(generator_inputs()).compile().as_text()
        line = r"^ +(?:ROOT )?%?(\S+) = \S+ "
        repeated = re.findall(line + r"broadcast\(\S+, dimensions=\{\}", program, re.M)
        products = re.findall(line + r"dot\(%?(\S+), %?(\S+)\)", program, re.M)
        assert repeated and products
        assert not [p for p in products if {*p[1:]} & {*repeated}]

    def test_other_sampling_shares_the_weights(self, model):
        other = model.sampling(steps=1, sampler="heun", guidance={"content": 2.0})
        assert other.network is model.network
        assert (other.steps, other.sampler, other.spacing) == (1, "heun", "log_snr")
        assert other.guidance == {"content": 2.0, "style": 1.0, "condition": 1.0}
        assert (model.steps, model.sampler) == (2, "dpm_solver")
        assert model.guidance == {name: 1.0 for name in CONDITIONS}
        for a, b in zip(other.weights, model.weights, strict=True):
            assert a is b

    @pytest.mark.skipif(BACKEND == "jax", reason="its loop is traced")
    def test_the_network_gets_the_levels_of_the_sampler(self):
        recorder = Recorder()
        model = DiffusionGenerator(recorder, steps=3, sampler="ddim")
        model.call(generator_inputs())
        levels = [call.log_snr for call in recorder.calls]
        np.testing.assert_allclose(levels, [[-10, -10], [0, 0], [10, 10]], atol=1e-5)


MISTAKES = {
    "sampler": ({"sampler": "euler"}, "There is no sampler 'euler'; use one of 'ddim'"),
    "schedule": ({"schedule": "sine"}, "There is no schedule 'sine'; use one of 'cos"),
    "parameterization": (
        {"parameterization": "score"},
        "There is no parameterization 'score'; use one of 'velocity'",
    ),
    "guidance": (
        {"guidance": {"writer": 2.0}},
        "There is no guidance of 'writer'; use one of 'content', 'style', 'condition'",
    ),
    "spacing": ({"spacing": "even"}, "There is no spacing 'even'; use one of 'time'"),
    "steps": ({"steps": 0}, "steps is 0; give a whole number of 1 or more"),
}


@pytest.mark.parametrize("arguments, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_get_one_sentence(arguments, message):
    with pytest.raises(InputError) as error:
        DiffusionGenerator(Recorder(), **arguments)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_config_and_file_bring_the_model_back(tmp_path):
    model = diffusion_generator("clip", multipliers=(1,), style_attention=True)
    arguments = inspect.signature(DiffusionGenerator.__init__).parameters
    network = inspect.signature(UNet.__init__).parameters
    assert set(arguments) - {"self", "kwargs"} <= set(model.get_config())
    assert set(network) - {"self", "kwargs"} <= set(model.network.get_config())
    other = {"sampler": "ddim", "steps": 1, "spacing": "time"}
    model = model.sampling(**other, guidance={"style": 1.5})

    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    serialized = keras.saving.serialize_keras_object
    assert serialized(loaded) == serialized(model)
    assert loaded.guidance == {"content": 1.0, "style": 1.5, "condition": 1.0}
    assert {name: getattr(loaded, name) for name in other} == other
    frozen = loaded.condition.text_tower.trainable_variables
    assert frozen == [] and len(loaded.trainable_variables) > 50
    inputs = {name: generator_inputs()[name] for name in model.input_names}
    outputs = [compiled(generator)(inputs) for generator in (model, loaded)]
    assert outputs[0].shape == (2, 16, 16, 1)
    np.testing.assert_allclose(*outputs, rtol=0, atol=1e-6)
