"""A step of each training of the size base by its script, on small images."""

import gc

import pytest
from networks import BACKEND
from short_runs import Pipeline

from experiments import (
    adapt_hand,
    train_classifier,
    train_clip,
    train_diffusion,
    train_generator,
    train_image_encoder,
    train_text_encoder,
)
from hwgen_keras.models import Classifier

pytestmark = pytest.mark.skipif(
    BACKEND != "torch", reason="slow; one backend is enough"
)


@pytest.fixture(scope="module")
def train(tmp_path_factory, tiny_font, characters):
    """`Pipeline.train`; returns the model, whose weights the step has moved."""
    folder, small = tmp_path_factory.mktemp("base"), {"batch_size": 2, "steps": 1}
    pipeline = Pipeline(folder, characters, tiny_font, 1, size="base")

    def train(script, name, **values):
        # The model of the test before, in circles, is a gigabyte.
        gc.collect()
        model = pipeline.train(script, name, **{**small, **values}).model
        assert int(model.optimizer.iterations) == 1
        # The moments of Adam take twice the memory of the weights, gradients as much.
        model.optimizer = None
        for weight in model.weights:
            weight.value.grad = None
        # No later training takes what this one took.
        for value in values.values():
            if isinstance(value, str):
                pipeline.networks.pop(value, None)
        return model

    return train


class TestInTheOrderOfThePipeline:
    """A test takes the networks of those before."""

    def test_the_image_encoder(self, train):
        model = train(train_image_encoder, "image")
        assert isinstance(model, Classifier)
        assert model.encoder.architecture == "resnet50"

    def test_the_text_encoder(self, train):
        model = train(train_text_encoder, "text")
        assert (model.encoder.width, model.encoder.depth) == (768, 12)

    def test_clip(self, train):
        weights = {"image_weights": "image", "text_weights": "text"}
        model = train(train_clip, "clip", **weights)
        assert model.image_tower.encoder.architecture == "resnet50"
        assert model.text_tower.encoder.depth == 12
        assert model.text_tower.width == 256

    def test_the_generator(self, train):
        # The stages differ in their rows alone.
        values = {"stage": "step_end", "from_scratch": True, "clip_weights": "clip"}
        model = train(train_generator, "generator", **values)
        assert model.generator.multipliers == (1, 2, 4, 8)
        assert model.generator.mode == "adain_clip"
        assert model.discriminator.widths == (64, 128, 256, 512)

    def test_a_hand(self, train):
        model = train(adapt_hand, "hand", generator_weights="generator")
        assert model.generator.multipliers == (1, 2, 4, 8)

    def test_the_diffusion_model(self, train):
        values = {"stage": "step1", "condition": "embedding"}
        model = train(train_diffusion, "diffusion", **values)
        assert model.generator.network.multipliers == (1, 2, 4, 8)

    def test_the_recogniser(self, train, manifest):
        model = train(train_classifier, "classifier", train=[str(manifest)])
        assert model.encoder.architecture == "resnet152"
