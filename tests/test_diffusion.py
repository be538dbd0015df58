"""The diffusion model: what it writes, what it is trained on, and that it learns."""

import inspect
import types

import keras
import numpy as np
import pytest
from keras import ops
from networks import (
    BACKEND,
    JIT,
    compiled,
    diffusion,
    diffusion_generator,
    evaluate,
    images,
    labels,
    tokens,
    unet,
)
from test_models import check_fit

from hwgen_keras import samplers, schedules
from hwgen_keras.backend import vjp
from hwgen_keras.errors import InputError
from hwgen_keras.models import (
    AveragingAdam,
    Diffusion,
    DiffusionGenerator,
    UNet,
    take_averages,
)
from hwgen_keras.models.unet import CONDITIONS


def noise(count=2, size=16, seed=9):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, size, size, 1), "float32")


def given(**changes):
    data = {
        "content": images(seed=1),
        "style": images(seed=2),
        "label": labels(),
        "tokens": tokens(),
        "noise": noise(),
    }
    return {**data, **changes}


def training_batch(count=8, size=8):
    return {
        "target": images(count, size, 1),
        "content": images(count, size, 2),
        "style": images(count, size, 3),
        "label": labels(count),
    }


class Recorder:
    """In place of a network: predicts zeros, or `answer`, and keeps what it is given.

    `answer` is a function (noisy, log_snr, inputs) → prediction.
    """

    input_names = ("content", "style", "label")
    stride, condition, built = 1, "a label", True

    def __init__(self, answer=None):
        self.answer, self.calls = answer, []

    def encode_style(self, images):
        return images

    def __call__(self, noisy, log_snr, inputs, style):
        if BACKEND != "jax" or not _traced(noisy):
            arrays = [ops.convert_to_numpy(x) for x in (noisy, log_snr)]
            masks = {k: ops.convert_to_numpy(v) for k, v in inputs.items()}
            self.calls.append(
                types.SimpleNamespace(
                    noisy=arrays[0].astype("float64"),
                    log_snr=arrays[1].astype("float64"),
                    inputs=masks,
                )
            )
        if self.answer is None:
            return ops.zeros_like(noisy)
        return self.answer(noisy, log_snr, inputs)


def _traced(x):
    import jax

    return isinstance(x, jax.core.Tracer)


def recorded(kind="velocity", count=1, gamma=None, data=None, **shares):
    """(the losses of `count` batches (count, batch), the recorder)."""
    recorder = Recorder()
    generator = DiffusionGenerator(recorder, parameterization=kind)
    keras.utils.set_random_seed(3)
    model = Diffusion(generator, min_snr_gamma=gamma, **shares)
    data = training_batch(32) if data is None else data
    losses = [ops.convert_to_numpy(model.call(data)) for _ in range(count)]
    return np.asarray(losses, "float64"), recorder.calls


def rates(log_snr):
    log_snr = np.asarray(log_snr)[..., None, None, None]
    return 1 / np.sqrt(1 + np.exp(-log_snr)), 1 / np.sqrt(1 + np.exp(log_snr))


@pytest.fixture(scope="module")
def model():
    return diffusion_generator("embedding", style_attention=True)


@pytest.fixture(scope="module")
def write(model):
    """A function, inputs → images, of no guidance."""
    return compiled(model)


class TestGenerator:
    def test_one_input_gives_one_image(self, write):
        first, second = write(given()), write(given())
        np.testing.assert_array_equal(first, second)
        assert first.dtype == np.float32
        assert first.min() >= -1 and first.max() <= 1
        assert first.std() > 0.1

    @pytest.mark.parametrize(
        "changes",
        [
            {"noise": noise(seed=8)},
            {"content": images(seed=5)},
            {"style": images(seed=5)},
            {"label": labels() + 2},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_each_input_matters(self, write, changes):
        assert np.abs(write(given(**changes)) - write(given())).max() > 1e-3

    def test_rows_do_not_see_each_other(self, write):
        other = given(noise=noise(seed=8), content=images(seed=5), style=images(seed=6))
        mixed = {
            name: np.stack([value[0], other[name][1]])
            for name, value in given().items()
        }
        np.testing.assert_allclose(
            write(mixed), np.stack([write(given())[0], write(other)[1]]), atol=1e-5
        )

    def test_guidance_of_one_is_none_and_costs_nothing(self, write):
        plain, evaluations = [], []
        for guidance in (None, {name: 1.0 for name in CONDITIONS}, {"style": 2.0}):
            calls = []

            def count(noisy, log_snr, inputs, calls=calls):
                calls.append(sorted(k for k in inputs if k.startswith("drop_")))
                return 0.1 * noisy

            model = DiffusionGenerator(
                Recorder(count), steps=1, sampler="ddim", guidance=guidance
            )
            plain.append(ops.convert_to_numpy(model.call(given())))
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
    def test_guidance_goes_from_untold_to_told(self, scales):
        # Each thing that is told moves the prediction a way of its own.
        moves = {"content": 0.1, "style": -0.2, "condition": 0.3}

        def answer(noisy, log_snr, inputs):
            prediction = 0.05 * noisy
            for name, move in moves.items():
                if f"drop_{name}" not in inputs:
                    prediction = prediction + move
                else:
                    left = ops.cast(inputs[f"drop_{name}"], "float32")
                    prediction = prediction + move * (1 - left)[:, None, None, None]
            return prediction

        # A first and last step of DDIM returns the denoiser's estimate.
        model = DiffusionGenerator(
            Recorder(answer),
            parameterization="image",
            sampler="ddim",
            steps=1,
            guidance=scales,
        )
        actual = ops.convert_to_numpy(model.call(given()))
        start = rates(samplers.FIRST_LOG_SNR)[1] * noise()
        told = 0.05 * start + sum(moves.values())
        expected = told + sum((s - 1) * moves[name] for name, s in scales.items())
        np.testing.assert_allclose(actual, np.clip(expected, -1, 1), atol=1e-5)

    def test_guidance_of_a_network_by_its_dropped_predictions(self, model):
        # The same with the true network, over one DDIM step from noise to image.
        network, inputs = model.network, given()
        level = samplers.FIRST_LOG_SNR
        signal, sigma = rates(level)
        start = (sigma * noise()).astype("float32")
        levels = np.full(2, level, "float32")
        masks = {f"drop_{name}": np.zeros(2, bool) for name in CONDITIONS}

        def predicted(data):
            return network(start, levels, data, network.encode_style(data["style"]))

        predicted = compiled(predicted)
        told = predicted({**inputs, **masks})
        less = predicted({**inputs, **masks, "drop_style": np.ones(2, bool)})
        told, less = (signal * start - sigma * each for each in (told, less))
        guided = model.sampling(sampler="ddim", steps=1, guidance={"style": 1.7})
        actual = compiled(guided)(inputs)
        expected = np.clip(told + 0.7 * (told - less), -1, 1)
        np.testing.assert_allclose(actual, expected, atol=1e-4)
        assert np.abs(expected - np.clip(told, -1, 1)).max() > 1e-2

    def test_other_sampling_shares_the_weights(self, model):
        other = model.sampling(steps=1, sampler="heun", guidance={"content": 2.0})
        assert other.network is model.network
        assert (other.steps, other.sampler, other.spacing) == (1, "heun", "log_snr")
        assert other.guidance == {"content": 2.0, "style": 1.0, "condition": 1.0}
        assert (model.steps, model.sampler) == (4, "dpm_solver")
        assert model.guidance == {name: 1.0 for name in CONDITIONS}
        for a, b in zip(other.weights, model.weights, strict=True):
            assert a is b

    def test_the_network_is_asked_at_the_levels_of_the_sampler(self):
        recorder = Recorder()
        model = DiffusionGenerator(recorder, steps=3, sampler="ddim")
        if BACKEND == "jax":
            pytest.skip("its loop is traced")
        model.call(given())
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
    "steps": ({"steps": 0}, "steps is 0; a sampler needs 1 or more"),
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
    inputs = {name: given()[name] for name in model.input_names}
    outputs = [compiled(each)(inputs) for each in (model, loaded)]
    assert outputs[0].shape == (2, 16, 16, 1)
    np.testing.assert_allclose(*outputs, rtol=0, atol=1e-6)


class TestTrainingData:
    """What the network is given, seen by one that always predicts zeros."""

    @pytest.mark.parametrize("kind", schedules.PARAMETERIZATIONS)
    @pytest.mark.parametrize("gamma", [None, 5.0])
    def test_the_loss_is_the_weighted_square_of_the_target(self, kind, gamma):
        data = training_batch(32)
        (losses,), (call,) = recorded(kind, gamma=gamma, data=data)
        signal, sigma = rates(call.log_snr)
        image = data["target"].astype("float64")
        # At almost no noise it cannot be told from what was added to it.
        seen = sigma[:, 0, 0, 0] > 0.01
        assert seen.sum() > 28
        added = (call.noisy - signal * image) / sigma
        target = {
            "velocity": signal * added - sigma * image,
            "noise": added,
            "image": image,
        }[kind]
        snr = np.exp(call.log_snr)
        weight = 1.0
        if gamma is not None:
            own = {"velocity": snr + 1, "noise": snr, "image": 1.0}[kind]
            weight = np.minimum(snr, gamma) / own
        expected = weight * (target**2).mean((1, 2, 3))
        np.testing.assert_allclose(losses[seen], expected[seen], rtol=1e-3)

        drawn = added[seen]
        assert abs(drawn.mean()) < 0.1 and abs(drawn.std() - 1) < 0.1
        assert abs((drawn**4).mean() - 3) < 0.6

    @pytest.mark.parametrize("kind", schedules.PARAMETERIZATIONS)
    def test_its_mean_over_many_draws_is_known(self, kind):
        # Over the cosine schedule the mean of α² and that of σ² are 1/2.
        data = training_batch(32)
        square = (data["target"].astype("float64") ** 2).mean()
        expected = {"velocity": (1 + square) / 2, "noise": 1.0, "image": square}[kind]
        losses, _ = recorded(kind, count=20, data=data)
        # 20 · 32 · 64 squares of normal numbers.
        assert losses.mean() == pytest.approx(expected, rel=0.03)

    def test_levels_are_evenly_spaced_and_begin_anywhere(self):
        _, calls = recorded(count=12)
        starts = []
        for call in calls:
            times = np.sort(2 / np.pi * np.arctan(np.exp(-call.log_snr / 2)))
            np.testing.assert_allclose(np.diff(times), 1 / 32, atol=1e-4)
            starts.append(times[0] * 32)
        assert 0 <= min(starts) < 0.3 and 0.7 < max(starts) <= 1.01

    def test_noise_is_drawn_anew(self):
        _, (first, second) = recorded(count=2)
        # At the end of almost pure noise.
        rows = [call.noisy[np.argmin(call.log_snr)].ravel() for call in (first, second)]
        assert abs(np.corrcoef(rows)[0, 1]) < 0.5
        row = first.noisy[first.log_snr < -2].reshape(-1, 64)
        assert np.abs(np.corrcoef(row) - np.eye(len(row))).max() < 0.6

    def test_each_thing_is_dropped_by_its_own_share(self):
        shares = {"drop_content": 0.2, "drop_style": 0.5, "drop_condition": 0.7}
        _, calls = recorded(count=50, **shares)
        dropped = {
            name: np.concatenate([call.inputs[name] for call in calls])
            for name in shares
        }
        for name, share in shares.items():
            # 1600 draws: 4 standard deviations.
            assert dropped[name].mean() == pytest.approx(share, abs=0.05)
        both = dropped["drop_style"] & dropped["drop_condition"]
        assert both.mean() == pytest.approx(0.35, abs=0.05)
        both = dropped["drop_style"] & dropped["drop_content"]
        assert both.mean() == pytest.approx(0.1, abs=0.04)

    def test_a_share_of_zero_drops_nothing(self):
        shares = {f"drop_{name}": 0.0 for name in CONDITIONS}
        _, calls = recorded(count=5, **shares)
        assert not any(call.inputs[name].any() for call in calls for name in shares)

    def test_a_seed_repeats_everything(self):
        (first, _), (second, _) = recorded(count=2), recorded(count=2)
        np.testing.assert_array_equal(first, second)
        assert not np.array_equal(first[0], first[1])


def gradients(model, data):
    """{path: gradient of the summed losses} for every trainable weight."""
    variables = model.trainable_variables

    def function():
        losses, pullback = vjp(lambda: [model(data)], (), variables, model.variables)
        return pullback([ops.ones_like(losses[0])])[1]

    found = evaluate(function, model.variables)
    return {v.path: g for v, g in zip(variables, found, strict=True)}


# In test_unet gradients are compared with NumPy's, on JAX too.
@pytest.mark.skipif(BACKEND == "jax", reason="it would compile for long")
def test_gradients_reach_every_weight():
    keras.utils.set_random_seed(0)
    model = diffusion("embedding", drop=0.5, style_attention=True)
    found = gradients(model, training_batch())
    assert any(path.endswith("null_style") for path in found)
    assert any("style_encoder" in path for path in found)
    largest = max(np.abs(g).max() for g in found.values())
    still = [p for p, g in found.items() if np.abs(g).max() < 1e-6 * largest]
    # Normalisation by channel takes a bias away again: groups of one channel are
    # those of 8 channels.
    assert all("convolution_" in p and p.endswith("bias") for p in still), still


@pytest.mark.skipif(BACKEND == "jax", reason="it would compile for long")
def test_one_step_of_fit_in_float16():
    def compile_model(model):
        model.compile(
            optimizer=keras.optimizers.Adam(1e-3),
            jit_compile=JIT,
            run_eagerly=BACKEND == "tensorflow",
        )
        return model

    check_fit(
        lambda policy: diffusion("embedding", policy, multipliers=(1,), drop=0.5),
        compile_model,
        training_batch(),
        None,
        "mixed_float16",
    )


def test_training_lowers_the_loss_and_averages_are_taken():
    keras.utils.set_random_seed(0)
    network = unet(multipliers=(1,))
    model = Diffusion(DiffusionGenerator(network))
    model.build()
    data = training_batch()
    data["target"] = np.ones_like(data["target"])
    model.compile(
        optimizer=AveragingAdam(1e-2, ema_momentum=0.9),
        jit_compile=JIT,
    )
    # Otherwise TensorFlow traces the step twice.
    model.optimizer.build(model.trainable_variables)
    losses, average = [], None
    for _ in range(24):
        losses.append(model.train_on_batch(data, return_dict=True)["loss"])
        model.reset_metrics()
        last = ops.convert_to_numpy(network.last_layer.bias).astype("float64")
        average = last if average is None else 0.9 * average + 0.1 * last
    assert np.mean(losses[-8:]) < 0.8 * np.mean(losses[:3])
    take_averages(model)
    taken = ops.convert_to_numpy(network.last_layer.bias)
    np.testing.assert_allclose(taken, average, rtol=1e-4)
    assert np.abs(taken - last).max() > 1e-4
