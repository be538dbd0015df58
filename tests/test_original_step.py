"""The benchmark's rendering of the original's step computes what ours computes."""

import copy

import keras
import numpy as np
import pytest
from networks import (
    BACKEND,
    MODES,
    compile_style_transfer,
    images,
    style_transfer,
    transfer_batch,
)
from one_step import known_model

if BACKEND != "torch":
    pytest.skip("the original is in PyTorch", allow_module_level=True)

import torch
from original_encoders import features
from original_step import OriginalStep, to_torch
from original_weights import copy_weights

from hwgen_keras.models import EncoderFeatures, ImageEncoder, VGG16Features

RATE = 0.01


def sgd_pair():
    """Plain gradient steps: Adam's first step would show the signs alone."""
    sgd = keras.optimizers.SGD
    return keras.optimizers.MultiOptimizer(
        keras.optimizers.OptimizerMap(sgd(RATE), {".*discriminator/.*": sgd(RATE)})
    )


def first_step(model, original_optimizer):
    """One step of both: their losses, and (layer, name → change) of both networks."""
    data = transfer_batch(4)
    original = OriginalStep(model, original_optimizer)
    before = [copy.deepcopy(original.generator), copy.deepcopy(original.discriminator)]
    theirs = original(to_torch(data))
    history = model.fit(data, batch_size=4, verbose=0).history
    logs = {name: values[0] for name, values in history.items()}
    after = [original.generator, original.discriminator]
    ours = copy.deepcopy(before)
    copy_weights(model.generator, ours[0])
    copy_weights(model.discriminator, ours[1])
    changes = []
    for old, new, mine in zip(before, after, ours, strict=True):
        for (name, a), b, c in zip(
            old.named_parameters(), new.parameters(), mine.parameters(), strict=True
        ):
            if b.requires_grad:
                changes.append((name, (b - a).detach(), (c - a).detach()))
    return theirs, logs, changes


def compare_losses(theirs, logs):
    for name, value in theirs.items():
        if name != "perceptual":
            assert float(logs[name]) == pytest.approx(float(value), rel=1e-4), name


class TestOneStep:
    @pytest.mark.parametrize("mode", MODES)
    def test_gradient_descent_changes_the_weights_alike(self, mode):
        if mode == "adain_clip":
            model = known_model()
        else:
            # That has two levels.
            model = compile_style_transfer(style_transfer(mode, multipliers=(1,)))
        compile_style_transfer(model, sgd_pair())
        theirs, logs, changes = first_step(
            model, lambda parameters: torch.optim.SGD(parameters, RATE)
        )
        compare_losses(theirs, logs)
        largest = max(float(theirs.norm()) for _, theirs, _ in changes)
        for name, theirs, ours in changes:
            error = float((theirs - ours).norm())
            # Rounding of the weights themselves, which a step adds a little to.
            limit = 1e-3 * float(theirs.norm()) + 1e-5 * largest
            assert error <= limit, name
        moved = [float(theirs.norm()) > 1e-6 * largest for _, theirs, _ in changes]
        assert np.mean(moved) > 0.8

    def test_adam_changes_the_weights_alike(self):
        theirs, logs, changes = first_step(
            compile_style_transfer(style_transfer(multipliers=(1,))),
            lambda parameters: torch.optim.Adam(
                parameters, 1e-3, betas=(0.5, 0.9), eps=1e-7
            ),
        )
        compare_losses(theirs, logs)
        # Where a gradient is zero but for rounding, Adam's step is of either sign.
        close = torch.cat([((a - b).abs() < 1e-5).flatten() for _, a, b in changes])
        assert close.float().mean() > 0.98


class TestFeatures:
    @pytest.mark.parametrize("architecture", ["resnet50", "vgg16"])
    def test_of_the_base_size_are_those_of_keras(self, architecture):
        if architecture == "vgg16":
            ours = VGG16Features(None)
            module, source = features(ours), ours
        else:
            ours = EncoderFeatures(ImageEncoder("resnet50"))
            module, source = features(ours), ours.encoder
        copy_weights(source, module.eval())
        image = images(1, 32)
        with torch.no_grad():
            theirs = module.maps(to_torch({"image": image})["image"])
        expected = ours(image)
        assert len(theirs) == len(expected) == 5
        for a, b in zip(theirs, expected, strict=True):
            a, b = a.permute(0, 2, 3, 1).numpy(), keras.ops.convert_to_numpy(b)
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4 * np.abs(b).max())
