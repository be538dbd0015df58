"""Training a small part of a generator on a new hand."""

import keras
import numpy as np
import pytest
from networks import JIT, diffusion_generator, draw_weights, generator, transfer_batch

from hwgen_keras.models import PARTS, Reconstruction, train_only


def paths(part, model):
    """The paths of the weights of a part; afterwards all are trainable again."""
    variables = model.trainable_variables
    chosen = {v.path for v in train_only(model, part)}
    trainable = [v.path for v in model.trainable_variables]
    assert trainable == [v.path for v in variables if v.path in chosen]
    for variable in variables:
        variable.trainable = True
    return chosen


class TestParts:
    def test_of_an_adain_generator(self):
        model = generator("adain_clip")
        model.build()
        names = {part: paths(part, model) for part in PARTS}
        assert all(names.values())
        assert all("text_tower" not in name for name in names["all"])
        for name in names["modulation"]:
            assert "norm_" in name or "/modulation/" in name
            assert "style_encoder" not in name
        assert any("content_encoder" in name for name in names["modulation"])
        assert all("style_encoder/middle_" in name for name in names["style"])
        assert all(
            "decoder/stage_1/" in name or "last_" in name for name in names["decoder"]
        )
        assert len(names["modulation"]) < len(names["all"])

    def test_of_a_diffusion_model(self):
        model = diffusion_generator("embedding", style_attention=True)
        names = {part: paths(part, model) for part in PARTS}
        assert any("/to_style/" in name for name in names["style"])
        assert any("/cross_attention/" in name for name in names["style"])
        assert any("/up_0/" in name for name in names["decoder"])
        assert not any("/down_0/" in name for name in names["decoder"])
        assert any("/modulation/" in name for name in names["modulation"])


@pytest.fixture(scope="module")
def adapted():
    """A trained tiny generator, its initial weights, and losses before and after."""
    model = Reconstruction(generator("adain_clip", multipliers=(1,)), pixel_weight=2.0)
    model.build()
    draw_weights(model)
    # Random weights also in the frozen tower, which must not change.
    before = [np.array(w) for w in model.get_weights()]
    batch = transfer_batch()
    chosen = {v.path for v in train_only(model.generator, "modulation")}
    model.compile(
        keras.optimizers.Adam(3e-3),
        jit_compile=JIT,
        run_eagerly=keras.backend.backend() == "tensorflow",
    )
    model.optimizer.build(model.trainable_variables)
    first = model.predict_on_batch(batch)
    model.fit(
        keras.tree.map_structure(lambda x: np.concatenate(4 * [x]), batch),
        batch_size=2,
        shuffle=False,
        verbose=0,
    )
    return model, chosen, before, first, model.predict_on_batch(batch)


def test_only_the_chosen_part_changes(adapted):
    model, chosen, before, *_ = adapted
    moved = {
        weight.path
        for weight, value in zip(model.weights, before, strict=True)
        if not np.array_equal(keras.ops.convert_to_numpy(weight), value)
    }
    assert moved and moved <= chosen
    # Weights that scale dropped or zero features do not change; most do.
    assert len(moved) > len(chosen) / 2


def test_the_loss_of_each_row_falls(adapted):
    *_, first, last = adapted
    assert first.shape == (2,) and first.dtype == np.float32
    assert last.mean() < first.mean()


def test_a_saved_generator_is_not_frozen(adapted, tmp_path):
    model = adapted[0]
    model.generator.save(tmp_path / "generator.keras")
    loaded = keras.saving.load_model(tmp_path / "generator.keras")
    names = {v.path.split("/", 1)[1] for v in loaded.trainable_variables}
    assert any("style_encoder" in name for name in names)
    assert not any("text_tower" in name for name in names)


def test_its_configuration_restores_it(adapted):
    model = adapted[0]
    config = keras.saving.serialize_keras_object(model)
    copy = keras.saving.deserialize_keras_object(config)
    assert keras.saving.serialize_keras_object(copy) == config
