"""The training data of a diffusion model, and its training."""

import keras
import numpy as np
import pytest
from keras import ops
from networks import (
    BACKEND,
    JIT,
    diffusion,
    evaluate,
    fit_one_weight,
    images,
    labels,
    one_weight,
    unet,
)
from recorder import Recorder, rates
from test_models import check_fit

from hwgen_keras import schedules
from hwgen_keras.backend import vjp
from hwgen_keras.models import (
    AveragingAdam,
    Diffusion,
    DiffusionGenerator,
    take_averages,
)
from hwgen_keras.models.unet import CONDITIONS


def training_batch(count=8, size=8):
    return {
        "target": images(count, size, 1),
        "content": images(count, size, 2),
        "style": images(count, size, 3),
        "label": labels(count),
    }


def recorded(kind="velocity", count=1, gamma=None, data=None, **shares):
    """(the losses of `count` batches (count, batch), the recorder)."""
    recorder = Recorder()
    generator = DiffusionGenerator(recorder, parameterization=kind)
    keras.utils.set_random_seed(3)
    model = Diffusion(generator, min_snr_gamma=gamma, **shares)
    data = training_batch(32) if data is None else data
    losses = [ops.convert_to_numpy(model.call(data)) for _ in range(count)]
    return np.asarray(losses, "float64"), recorder.calls


class TestTrainingData:
    """The inputs of the network, recorded by one that predicts zeros."""

    @pytest.mark.parametrize("kind", schedules.PARAMETERIZATIONS)
    @pytest.mark.parametrize("gamma", [None, 5.0])
    def test_the_loss_is_the_weighted_square_of_the_target(self, kind, gamma):
        data = training_batch(32)
        (losses,), (call,) = recorded(kind, gamma=gamma, data=data)
        signal, sigma = rates(call.log_snr)
        image = data["target"].astype("float64")
        # With almost no noise, rounding hides the added noise.
        noisy = sigma[:, 0, 0, 0] > 0.01
        assert noisy.sum() > 28
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
        np.testing.assert_allclose(losses[noisy], expected[noisy], rtol=1e-3)

        drawn = added[noisy]
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

    def test_each_input_is_dropped_by_its_own_share(self):
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

    values = evaluate(function, model.variables)
    return {v.path: g for v, g in zip(variables, values, strict=True)}


# test_unet compares gradients with NumPy's, also on JAX.
@pytest.mark.skipif(BACKEND == "jax", reason="it would compile for long")
def test_gradients_reach_every_weight():
    keras.utils.set_random_seed(0)
    model = diffusion("embedding", drop=0.5, style_attention=True)
    by_path = gradients(model, training_batch())
    assert any(path.endswith("null_style") for path in by_path)
    assert any("style_encoder" in path for path in by_path)
    largest = max(np.abs(g).max() for g in by_path.values())
    without = [p for p, g in by_path.items() if np.abs(g).max() < 1e-6 * largest]
    # Normalisation with groups of one of 8 channels removes a bias.
    assert all("convolution_" in p and p.endswith("bias") for p in without), without


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


def test_adam_with_averages_updates_weights_as_adam_does():
    assert isinstance(AveragingAdam(), type(keras.optimizers.Adam()))


def test_averages_are_taken_after_training():
    model, average = one_weight(), None
    model.compile(AveragingAdam(0.1, ema_momentum=0.9), "mse", jit_compile=False)
    for _ in range(4):
        fit_one_weight(model, batch_size=4)
        last = model.get_weights()[0].astype("float64")
        average = last if average is None else 0.9 * average + 0.1 * last
    take_averages(model)
    np.testing.assert_allclose(model.get_weights()[0], average, rtol=1e-5)
    assert np.abs(average - last).min() > 1e-2


# On TensorFlow test_train_diffusion trains, and the averages are taken above.
@pytest.mark.skipif(BACKEND == "tensorflow", reason="its step is traced for long")
def test_training_lowers_the_loss_and_averages_are_taken():
    keras.utils.set_random_seed(0)
    network = unet(multipliers=(1,))
    model = Diffusion(DiffusionGenerator(network))
    model.build()
    data = training_batch()
    data["target"] = np.ones_like(data["target"])
    model.compile(AveragingAdam(1e-2, ema_momentum=0.9), jit_compile=JIT)
    model.optimizer.build(model.trainable_variables)
    losses, average = [], None
    for _ in range(16):
        losses.append(model.train_on_batch(data, return_dict=True)["loss"])
        model.reset_metrics()
        last = ops.convert_to_numpy(network.last_layer.bias).astype("float64")
        average = last if average is None else 0.9 * average + 0.1 * last
    assert np.mean(losses[-8:]) < 0.8 * np.mean(losses[:3])
    take_averages(model)
    bias = ops.convert_to_numpy(network.last_layer.bias)
    np.testing.assert_allclose(bias, average, rtol=1e-4)
    assert np.abs(bias - last).max() > 1e-4
