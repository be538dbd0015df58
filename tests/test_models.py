"""The same checks for every model: building, files, training."""

import inspect
import itertools

import golden_models
import keras
import numpy as np
import pytest
from keras import ops, tree
from networks import (
    BACKEND,
    CLASSES,
    JIT,
    MODES,
    clip,
    compile_classifier,
    compile_style_transfer,
    discriminator,
    generator,
    image_classifier,
    image_encoder,
    images,
    labels,
    style_transfer,
    text_classifier,
    text_encoder,
    tokens,
    transfer_batch,
)

from hwgen_keras.models import (
    SIZES,
    AdaINGenerator,
    EncoderFeatures,
    ImageEncoder,
)

# `test_model` and the golden files have the outputs of each backend.
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="only Keras calls")
POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")


def check_model(create, inputs, shapes, folder):
    """Build, output shapes and dtype, configuration, save and load.

    Args:
        create: a function, policy → an unbuilt model.
        inputs: of the model, with images of 16 x 16 pixels.
        shapes: the expected shapes of the outputs, in the structure of the outputs.
        folder: for the file of the model.
    """
    model = create("float32")
    model.build()
    outputs = arrays(model(inputs))
    assert tree.map_structure(lambda x: x.shape, outputs) == shapes
    assert {x.dtype.name for x in tree.flatten(outputs)} == {"float32"}

    arguments = set(inspect.signature(type(model).__init__).parameters)
    assert arguments - {"self", "kwargs"} <= set(model.get_config())
    config = keras.saving.serialize_keras_object(model)
    copy = keras.saving.deserialize_keras_object(config)
    assert keras.saving.serialize_keras_object(copy) == config
    if not copy.built:
        copy.build()
    for kind in ("weights", "trainable_weights"):
        assert signature(getattr(copy, kind)) == signature(getattr(model, kind))
    copy.set_weights(model.get_weights())
    assert_same(arrays(copy(inputs)), outputs, 0)

    model.save(folder / "model.keras")
    loaded = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    assert type(loaded) is type(model)
    assert_same(arrays(loaded(inputs)), outputs, 1e-6)


def check_fit(create, compile_model, x, y, policy):
    """One step of `fit` under a dtype policy: finite losses, moved weights.

    Args:
        create: a function, policy → an unbuilt model.
        compile_model: a function that builds and compiles the model.
        x, y: the arguments of `fit`.
        policy: the dtype policy of the model and all its networks.
    """
    keras.utils.set_random_seed(0)
    model = compile_model(create(policy))
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    if policy == "mixed_float16":
        # From its default, the scale is halved for several steps before the first move.
        model.optimizer.dynamic_scale.assign(1.0)
    assert {w.dtype for w in model.trainable_variables} == {"float32"}
    before = [ops.convert_to_numpy(v) for v in model.trainable_variables]
    history = model.fit(x, y, batch_size=len(tree.flatten(x)[0]), verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values()), history
    moved = [
        not np.array_equal(a, ops.convert_to_numpy(b))
        for a, b in zip(before, model.trainable_variables, strict=True)
    ]
    # Some gradients are zero in every policy: unseen classes, biases under a norm.
    assert np.mean(moved) > 0.7
    assert all(np.isfinite(w).all() for w in model.get_weights())


def signature(weights):
    return [(w.name, tuple(w.shape)) for w in weights]


def arrays(outputs):
    return tree.map_structure(ops.convert_to_numpy, outputs)


def assert_same(actual, expected, tolerance):
    tree.assert_same_structure(actual, expected)
    for a, b in zip(tree.flatten(actual), tree.flatten(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


def compile_clip(model):
    model.build()
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        jit_compile=JIT,
        run_eagerly=BACKEND == "tensorflow",  # It takes long to trace.
    )
    return model


def generator_inputs(mode):
    batch = transfer_batch()
    names = {"adain_embedding": ["label"], "adain_clip": ["tokens"]}.get(mode, [])
    names += ["content", "style", "drop_condition"]
    return {name: batch[name] for name in names}


IMAGES = (2, 16, 16, 1)
ALONE = {
    "image_encoder": (image_encoder, images(), (2, 16)),
    "text_encoder": (text_encoder, tokens(), (2, 16)),
    "image_classifier": (image_classifier, images(), (2, CLASSES)),
    "text_classifier": (text_classifier, tokens(), (2, CLASSES)),
    "clip": (
        clip,
        {"image": images(), "tokens": tokens()},
        {"image": (2, 16), "text": (2, 16)},
    ),
    "discriminator": (discriminator, images(), (2, 6, 6, 1)),
    "features": (
        lambda policy: EncoderFeatures(image_encoder(policy), dtype=policy),
        images(),
        [(2, 8, 8, 8), (2, 4, 4, 16)],
    ),
    **{
        f"generator-{mode}": (
            # Two levels in one mode suffice, since all modes share encoder and decoder.
            lambda policy, mode=mode: generator(
                mode, policy, (1, 2) if mode == "adain_clip" else (1,)
            ),
            generator_inputs(mode),
            IMAGES,
        )
        for mode in MODES
    },
    "style_transfer": (
        lambda policy: style_transfer("adain_clip", policy, multipliers=(1,)),
        transfer_batch(),
        IMAGES,
    ),
}

# The optional losses with and without.
TRAINED = {
    "image_classifier": (image_classifier, compile_classifier, images(), labels()),
    "text_classifier": (text_classifier, compile_classifier, tokens(), labels()),
    "clip": (clip, compile_clip, {"image": images(), "tokens": tokens()}, None),
    **{
        f"style_transfer-{mode}": (
            # With one level; test_update has two.
            lambda policy, mode=mode, features=features, clip=clip: style_transfer(
                mode, policy, features, clip, multipliers=(1,)
            ),
            compile_style_transfer,
            transfer_batch(),
            None,
        )
        for mode, features, clip in (
            ("adain", False, False),
            ("adain_embedding", True, False),
            ("adain_clip", True, True),
        )
    },
}


@pytest.mark.parametrize("name", ALONE)
def test_model(name, tmp_path):
    check_model(*ALONE[name], tmp_path)


@pytest.mark.parametrize("name", golden_models.MODELS)
def test_a_file_gives_the_same_outputs_on_every_backend(name):
    inputs = golden_models.MODELS[name][1]
    file = golden_models.FOLDER / f"{name}.keras"
    model = keras.saving.load_model(file, safe_mode=True)
    expected = np.load(golden_models.OUTPUTS_FILE)[name]
    actual = golden_models.outputs(model, inputs)
    largest = np.abs(expected).max()
    assert largest > 0.1
    # With random weights the outputs exceed the range of images.
    tolerance = golden_models.TOLERANCES[name] * max(1, largest)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)


# Compiling is slow: each policy with all losses, each mode with one policy;
# test_update has all losses in float32, CLIP the encoders in bfloat16.
@pytest.mark.parametrize(
    ("name", "policy"),
    [
        *itertools.product(
            ("image_classifier", "text_classifier"), ("float32", "mixed_float16")
        ),
        *(("clip", policy) for policy in POLICIES),
        ("style_transfer-adain", "mixed_bfloat16"),
        ("style_transfer-adain_embedding", "float32"),
        *(("style_transfer-adain_clip", p) for p in POLICIES if p != "float32"),
    ],
)
def test_one_step_of_fit(name, policy):
    costly = name.startswith("style_transfer") or policy == "mixed_bfloat16"
    if BACKEND == "jax" and costly:
        pytest.skip("long to compile; test_update has float32 and mixed_float16")
    check_fit(*TRAINED[name], policy)


@pytest.mark.parametrize("mode", MODES)
def test_frozen_networks_stay_frozen_however_late_they_are_built(mode):
    model = style_transfer(mode, multipliers=(1,))
    model.build()
    expected = model.generator.trainable_variables
    expected = expected + model.discriminator.trainable_variables
    assert [v.path for v in model.trainable_variables] == [v.path for v in expected]
    if mode == "adain_clip":
        tower = model.generator.condition.text_tower
        assert not {id(v) for v in tower.variables} & {id(v) for v in expected}


@one_backend
def test_one_generator_takes_any_size_that_its_stride_divides():
    model = generator()
    outputs = {}
    for size in (32, 48):
        inputs = {"content": images(size=size), "style": images(size=size, seed=1)}
        outputs[size] = ops.convert_to_numpy(model(inputs))
        assert outputs[size].shape == (2, size, size, 1)
        assert outputs[size].std() > 0
    # The first size gives the same output again: no size changes the model.
    inputs = {"content": images(size=32), "style": images(size=32, seed=1)}
    np.testing.assert_array_equal(ops.convert_to_numpy(model(inputs)), outputs[32])


@one_backend
def test_a_new_generator_begins_near_the_range_of_images():
    # From outputs several times larger it loses hundreds of steps.
    model = AdaINGenerator(**SIZES["small"]["generator"])
    model.build()
    written = model({"content": images(size=32), "style": images(size=32, seed=1)})
    assert 0.01 < ops.convert_to_numpy(written).std() < 1
    level = model.decoder.stages[0]
    kernels = [block.convolution_1.kernel for block in (level.block_1, level.block_2)]
    assert not np.array_equal(*map(ops.convert_to_numpy, kernels))


def test_padding_does_not_change_the_output_of_a_text_encoder():
    encoder = text_encoder()
    ids = tokens()
    before = ops.convert_to_numpy(encoder(ids))
    table = encoder.token_embedding.embeddings
    rows = ops.convert_to_numpy(table).copy()
    rows[0] += 100.0
    table.assign(rows)
    np.testing.assert_allclose(ops.convert_to_numpy(encoder(ids)), before, atol=1e-6)
    rows[ids[0, 1]] = rows[ids[0, 1], ::-1]
    table.assign(rows)
    assert np.abs(ops.convert_to_numpy(encoder(ids))[0] - before[0]).max() > 1e-3


def test_a_dropped_condition_is_the_null_vector():
    model = generator("adain_embedding").condition
    inputs = {"label": labels(3), "drop_condition": np.array([True, False, True])}
    outputs = ops.convert_to_numpy(model(inputs))
    np.testing.assert_array_equal(outputs[0], outputs[2])
    assert not np.allclose(outputs[0], outputs[1])
    kept = ops.convert_to_numpy(model({"label": labels(3)}))
    np.testing.assert_array_equal(outputs[1], kept[1])
    assert not np.allclose(outputs[0], kept[0])


@one_backend
@pytest.mark.parametrize("name", SIZES)
def test_each_size_names_arguments_that_exist(name):
    size = SIZES[name]
    assert set(size) == set(SIZES["tiny"])
    for network in ("image_encoder", "classifier") if name != "base" else ():
        model = ImageEncoder(**size[network])
        assert model(images(1, 32)).shape == (1, model.output_width)
