"""Options beyond the published training."""

import keras
import numpy as np
import pytest
from keras import ops
from networks import (
    BACKEND,
    compile_style_transfer,
    draw_weights,
    generator,
    image_classifier,
    images,
    transfer_batch,
)

from experiments import train_generator
from hwgen_keras import losses
from hwgen_keras.backend import vjp
from hwgen_keras.layers import DiscriminatorInput, SpectralConv2D
from hwgen_keras.models import (
    AveragingAdam,
    PatchDiscriminator,
    StyleTransfer,
    adam_pair,
    averaged,
    load_trained,
    take_averages,
)

numpy = ops.convert_to_numpy


def assert_equal(actual, expected):
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def largest_singular_value(layer):
    matrix = numpy(layer.kernel).reshape(-1, layer.filters).astype("float64")
    return np.linalg.norm(matrix, 2)


class TestSpectralConvolution:
    def layer(self, rng):
        layer = SpectralConv2D(6, 3, strides=2, padding="same", use_bias=True)
        layer.build((None, 8, 8, 4))
        layer.kernel.assign(rng.normal(size=layer.kernel.shape))
        layer.bias.assign(rng.normal(size=6))
        return layer

    def test_divides_by_the_largest_singular_value(self, rng):
        layer = self.layer(rng)
        x = rng.normal(size=(2, 8, 8, 4)).astype("float32")
        for _ in range(60):
            layer(x, training=True)
        plain = keras.layers.Conv2D(6, 3, strides=2, padding="same")
        plain.build((None, 8, 8, 4))
        plain.kernel.assign(numpy(layer.kernel) / largest_singular_value(layer))
        plain.bias.assign(layer.bias)
        np.testing.assert_allclose(
            numpy(layer(x)), numpy(plain(x)), rtol=1e-3, atol=1e-4
        )

    def test_only_training_moves_the_vector(self, rng):
        layer = self.layer(rng)
        x = rng.normal(size=(1, 8, 8, 4)).astype("float32")
        before = numpy(layer.singular_vector)
        layer(x)
        np.testing.assert_array_equal(numpy(layer.singular_vector), before)
        layer(x, training=True)
        after = numpy(layer.singular_vector)
        assert np.linalg.norm(after) == pytest.approx(1, rel=1e-5)
        assert np.abs(after - before).max() > 0.01

    def test_gradient_passes_through_the_singular_value(self, rng):
        # The output does not depend on the kernel's length, so the gradient has no
        # part along it.
        layer = SpectralConv2D(6, 3, use_bias=False)
        layer.build((None, 8, 8, 4))
        kernel = rng.normal(size=layer.kernel.shape).astype("float32")
        layer.kernel.assign(kernel)
        x = rng.normal(size=(2, 8, 8, 4)).astype("float32")
        for _ in range(60):
            layer(x, training=True)
        x = ops.convert_to_tensor(x)
        _, pull = vjp(
            lambda: [ops.sum(ops.sin(layer(x)))],
            (),
            layer.trainable_variables,
            layer.variables,
        )
        gradient = numpy(pull([ops.ones(())])[1][0])
        along = (gradient * kernel).sum() / np.linalg.norm(kernel)
        assert abs(along) < 1e-3 * np.linalg.norm(gradient)


class TestSpectralDiscriminator:
    def test_has_no_batch_normalisation(self):
        network = PatchDiscriminator(widths=(8, 16), norm="spectral")
        network.build()
        assert not network.norms
        assert {w.name for w in network.non_trainable_variables} == {"singular_vector"}
        # The logits of an image do not depend on the others.
        batch = images(3)
        together, alone = network(batch), network(batch[:1])
        np.testing.assert_allclose(numpy(together)[:1], numpy(alone), atol=1e-5)

    def test_survives_a_file(self, tmp_path):
        network = PatchDiscriminator(widths=(8, 16), norm="spectral")
        network.build()
        network(images(2), training=True)
        network.save(tmp_path / "file.keras")
        loaded = load_trained(tmp_path / "file.keras", PatchDiscriminator, "--weights")
        outputs = (numpy(each(images(2))) for each in (loaded, network))
        np.testing.assert_allclose(*outputs, atol=1e-6)

    def test_another_norm(self):
        with pytest.raises(ValueError, match="norm is 'layer'; use 'batch'"):
            PatchDiscriminator(norm="layer")


class TestDiscriminatorInput:
    def test_translation_moves_whole_pixels_and_brings_in_paper(self):
        augment = DiscriminatorInput(("translation",))
        batch = images(1, 16)
        moved = numpy(
            augment(batch, {"shift": np.array([[1 / 16, -2 / 16]], "float32")})
        )
        np.testing.assert_allclose(moved[0, 1:, :-2], batch[0, :-1, 2:], atol=1e-6)
        np.testing.assert_allclose(moved[0, 0], 1, atol=1e-6)
        np.testing.assert_allclose(moved[0, :, -2:], 1, atol=1e-6)

    def test_cutout_is_a_grey_square(self):
        augment = DiscriminatorInput(("cutout",))
        batch = images(1, 16)
        cut = numpy(augment(batch, {"center": np.array([[0.5, 0.25]], "float32")}))
        np.testing.assert_array_equal(cut[0, 4:12, 0:8], 0)
        np.testing.assert_array_equal(cut[0, :4], batch[0, :4])
        np.testing.assert_array_equal(cut[0, :, 8:], batch[0, :, 8:])

    def test_contrast_keeps_the_mean(self):
        augment = DiscriminatorInput(("contrast",))
        batch = images(2, 16)
        drawn = {"factor": np.array([[0.5], [1.5]], "float32")}
        changed = numpy(augment(batch, drawn))
        np.testing.assert_allclose(
            changed.mean((1, 2, 3)), batch.mean((1, 2, 3)), atol=1e-5
        )
        np.testing.assert_allclose(
            changed.std((1, 2, 3)), batch.std((1, 2, 3)) * [0.5, 1.5], rtol=1e-4
        )

    def test_draws_are_within_their_ranges_and_differ(self):
        augment = DiscriminatorInput(("contrast", "translation", "cutout"), noise=0.1)
        batch = images(64, 16)
        drawn = {name: numpy(x) for name, x in augment.draw(batch).items()}
        assert np.abs(drawn["shift"]).max() <= 1 / 8
        assert drawn["center"].min() >= 0 and drawn["center"].max() <= 1
        assert drawn["factor"].min() >= 0.5 and drawn["factor"].max() <= 1.5
        assert drawn["noise"].std() == pytest.approx(0.1, rel=0.05)
        for name, values in drawn.items():
            assert len(np.unique(values[:, 0])) > 60, name
        again = {name: numpy(x) for name, x in augment.draw(batch).items()}
        assert not np.array_equal(drawn["shift"], again["shift"])

    def test_gradient_reaches_the_image(self):
        augment = DiscriminatorInput(("translation", "cutout", "contrast"), noise=0.1)
        batch = ops.convert_to_tensor(images(2, 16))
        drawn = augment.draw(batch)
        _, pull = vjp(
            lambda x: [ops.sum(augment(x, drawn))], [batch], (), augment.variables
        )
        gradient = numpy(pull([ops.ones(())])[0][0])
        # It is zero only for pixels that are cut out or shifted outside.
        assert np.isfinite(gradient).all()
        assert 0.4 < np.mean(gradient != 0) <= 1

    def test_without_augmentation(self):
        assert DiscriminatorInput().draw(images(1)) == {}

    def test_refuses(self):
        with pytest.raises(
            ValueError, match="no augmentation rotation; use translation"
        ):
            DiscriminatorInput(("rotation",))
        with pytest.raises(ValueError, match="The noise is -1"):
            DiscriminatorInput(noise=-1)


def switched_on(ema_momentum=0.5, policy="float32"):
    model = StyleTransfer(
        generator("adain", policy, multipliers=(1,)),
        PatchDiscriminator(widths=(8, 16), norm="spectral", dtype=policy),
        discriminator_augment=("translation", "cutout", "contrast"),
        instance_noise=0.1,
        dtype=policy,
    )
    return compile_style_transfer(model, adam_pair(1e-2, ema_momentum=ema_momentum))


def weights(network):
    return [numpy(v) for v in network.trainable_variables]


class TestTraining:
    # The next test has what depends on the backend.
    @pytest.mark.skipif(BACKEND != "torch", reason="long to compile")
    def test_averages_are_those_of_the_weights(self):
        model, record = switched_on(), []
        callback = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda *_: record.append(weights(model.generator))
        )
        arguments = {"batch_size": 2, "verbose": 0, "callbacks": [callback]}
        # A second fit continues with the weights of the first.
        model.fit(transfer_batch(), epochs=2, **arguments)
        assert_equal(weights(model.generator), record[-1])
        model.fit(transfer_batch(), epochs=1, **arguments)
        expected = record[0]
        for epoch in record[1:]:
            expected = [(a + b) / 2 for a, b in zip(expected, epoch, strict=True)]
        with averaged(model) as inside:
            actual = weights(inside.generator)
        for a, b in zip(actual, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
        with pytest.raises(ZeroDivisionError), averaged(model):
            _ = 1 / 0
        assert_equal(weights(model.generator), record[-1])
        discriminator = weights(model.discriminator)
        take_averages(model)
        assert_equal(weights(model.generator), actual)
        assert_equal(weights(model.discriminator), discriminator)

    def test_a_model_computes_with_its_averages_again_and_again(self):
        model, record, x = image_classifier(), [], images(2)
        model.build()
        optimizer = AveragingAdam(1e-1, ema_momentum=0.75)
        model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(True))
        callback = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda *_: record.append(weights(model))
        )
        model.fit(x, np.arange(2), epochs=2, verbose=0, callbacks=[callback])
        own, outputs = model.predict_on_batch(x), []
        for _ in range(2):
            with averaged(model):
                outputs.append(model.predict_on_batch(x))
        take_averages(model)
        for average, first, second in zip(weights(model), *record, strict=True):
            expected = 0.75 * first + 0.25 * second
            np.testing.assert_allclose(average, expected, rtol=1e-4, atol=1e-6)
        outputs.append(model.predict_on_batch(x))
        assert_equal(outputs[1:], outputs[:-1])
        assert np.abs(outputs[0] - own).max() > 1e-3
        # The averages are there for the next step.
        model.fit(x, np.arange(2), verbose=0)

    def test_before_the_first_step_there_is_no_average(self):
        model = switched_on()
        before = weights(model.generator)
        take_averages(model)
        take_averages(model)
        assert_equal(weights(model.generator), before)

    def test_survives_its_configuration(self):
        model = switched_on()
        again = StyleTransfer.from_config(model.get_config())
        assert again.discriminator_augment == model.discriminator_augment
        assert again.instance_noise == model.instance_noise
        assert again.discriminator.norm == "spectral"


# Which losses train which network is decided before a backend's gradients are taken.
@pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")
class TestImplicit:
    def test_trains_the_statistics_or_not(self):
        moved = {}
        for trains_style in (True, False):
            model = StyleTransfer(
                generator(multipliers=(1,)),
                PatchDiscriminator(widths=(8, 16)),
                pixel_weight=0.0,
                adversarial_weight=0.0,
                implicit_trains_style=trains_style,
            )
            again = StyleTransfer.from_config(model.get_config())
            assert again.implicit_trains_style is trains_style
            compile_style_transfer(model, keras.optimizers.SGD(1.0))
            draw_weights(model.generator)
            # Almost no gradient reaches the encoder through the image.
            kernel = model.generator.last_layer.kernel
            kernel.assign(1e-6 * kernel)
            before = weights(model.generator.style_encoder)
            model.fit(transfer_batch(), batch_size=2, verbose=0)
            after = weights(model.generator.style_encoder)
            moved[trains_style] = sum(
                np.abs(a - b).sum() for a, b in zip(before, after, strict=True)
            )
        assert moved[True] > 1000 * moved[False]


class TestPixelDistance:
    def test_pyramid(self):
        arguments = generator(), PatchDiscriminator(widths=(8, 16))
        model = StyleTransfer(*arguments, pixel_weight=3.0, pixel_distance="pyramid")
        target, generated = (ops.convert_to_tensor(images(2, 16, n)) for n in (1, 2))
        expected = 3.0 * np.mean(numpy(losses.pyramid_distance(target, generated)))
        actual = float(model.reconstruction_loss(target, generated))
        assert actual == pytest.approx(expected, rel=1e-5)
        again = StyleTransfer.from_config(model.get_config())
        assert again.pixel_distance == "pyramid"

    def test_another_name(self):
        with pytest.raises(ValueError, match="absolute or pyramid"):
            StyleTransfer(generator(), None, pixel_distance="squared")


def test_global_norm(rng):
    tensors = [rng.normal(size=shape).astype("float32") for shape in ((3,), (2, 5))]
    expected = np.linalg.norm(np.concatenate([t.ravel() for t in tensors]))
    assert float(losses.global_norm(tensors)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("style_reference", "given", "expected"),
    [
        ("target", {}, ("absolute", True)),
        ("writer", {}, ("pyramid", False)),
        ("writer", {"implicit_trains_style": True}, ("pyramid", True)),
        ("writer", {"pixel_distance": "absolute"}, ("absolute", False)),
    ],
)
def test_losses_follow_the_style_reference(style_reference, given, expected):
    values = {"clip_weights": "clip", "style_reference": style_reference, **given}
    settings = train_generator.Settings(**values)
    assert (settings.pixel_distance, settings.implicit_trains_style) == expected
