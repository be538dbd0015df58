"""A wrong input of a network gets one sentence, before a backend sees it."""

import keras
import networks
import numpy as np
import pytest
from sentences import sentence

import hwgen_keras as hw
from hwgen_keras.errors import InputWarning
from hwgen_keras.inference import engines
from hwgen_keras.inference.facts import resolve_facts

SIZE = 16
FIVE = np.zeros((2, 3, SIZE, SIZE, 1), np.float32)


@pytest.fixture(scope="module")
def models():
    """A generator of each kind, none of which has computed anything."""
    generators = {
        "embedding": networks.generator("adain_embedding"),
        "clip": networks.generator("adain_clip", multipliers=(1,)),
        "diffusion": hw.DiffusionGenerator(
            networks.unet("embedding", multipliers=(1,))
        ),
    }
    for generator in generators.values():
        generator.build()
    return generators


def inputs(**changes):
    """A good batch of any generator with changes; None removes an input."""
    batch = {**networks.transfer_batch(size=SIZE), "noise": networks.images(2, SIZE)}
    return {name: v for name, v in {**batch, **changes}.items() if v is not None}


ALL = ("embedding", "clip", "diffusion")
LABELLED = ("embedding", "diffusion")
# {what is wrong: (the models that it concerns, changes, the sentence)}.
WRONG = {
    "no style": (ALL, {"style": None}, "The input style is missing; give content, st"),
    "no content": (ALL, {"content": None}, "The input content is missing; give con"),
    "no label": (LABELLED, {"label": None}, "The input label is missing; give con"),
    "no tokens": (("clip",), {"tokens": None}, "The input tokens is missing; give"),
    "no noise": (("diffusion",), {"noise": None}, "The input noise is missing; give"),
    "uint8 content": (
        *(ALL, {"content": np.zeros((2, SIZE, SIZE, 1), np.uint8)}),
        "content has the shape (2, 16, 16, 1) and the type uint8; give floats in [-1,",
    ),
    "uint8 style": (
        *(ALL, {"style": FIVE.astype(np.uint8)}),
        "style has the shape (2, 3, 16, 16, 1) and the type uint8; give floats in [-1,",
    ),
    "five dimensions": (ALL, {"content": FIVE}, "content has the shape (2, 3, 16, 16,"),
    "six dimensions": (
        *(ALL, {"style": FIVE[:, None]}),
        "style has the shape (2, 1, 3, 16, 16, 1) and the type float32; give floats",
    ),
    "three dimensions": (
        *(ALL, {"content": FIVE[:, 0, ..., 0]}),
        "content has the shape (2, 16, 16) and the type float32; give floats in",
    ),
    "colours": (
        *(ALL, {"style": np.zeros((2, SIZE, SIZE, 3), np.float32)}),
        "style has the shape (2, 16, 16, 3) and the type float32; give floats in",
    ),
    # It became an image of 34 pixels.
    "odd sides": (
        *(("embedding",), {"content": np.zeros((2, 33, 33, 1), np.float32)}),
        "content has images of 33 × 33 pixels; give sides that are multiples of 2.",
    ),
    "range": (ALL, {"content": FIVE[:, 0] + 255}, "content has values from 255 to 2"),
    "nothing": (ALL, {"content": FIVE[:0, 0]}, "content has no row; give an array of"),
    "no style images": (ALL, {"style": FIVE[:, :0]}, "style of the shape (2, 0, 16, 1"),
    "other rows": (ALL, {"style": FIVE[:1]}, "style has 1 rows and content has 2; gi"),
    # The embedding of a label -1 was that of another, or NaN.
    "label -1": (LABELLED, {"label": np.array([0, -1])}, "label has -1, which is out"),
    "label 4": (LABELLED, {"label": np.array([4, 0])}, "label has 4, which is out of "),
    "label 0.5": (
        *(LABELLED, {"label": np.array([0, 0.5], np.float32)}),
        "label has the shape (2,) and the type float32; give integers of the shape",
    ),
    "labels in columns": (
        *(LABELLED, {"label": np.zeros((2, 1), int)}),
        "label has the shape (2, 1) and the type int64; give integers of the shape",
    ),
    "one label": (LABELLED, {"label": np.zeros(1, int)}, "label has 1 rows and conten"),
    "token 12": (("clip",), {"tokens": np.full((2, 6), 12)}, "tokens has 12, which is"),
    "few tokens": (
        *(("clip",), {"tokens": np.ones((2, 5), np.int32)}),
        "tokens has the shape (2, 5) and the type int32; give integers of the shape",
    ),
    # Their mean was NaN.
    "weights of zeros": (
        *(ALL, {"style": FIVE, "style_weights": np.zeros((2, 3), np.float32)}),
        "style_weights of row 0 are [0.0, 0.0, 0.0]; give numbers of 0 or more, not",
    ),
    "negative weights": (
        *(ALL, {"style": FIVE, "style_weights": np.float32([[1, 1, 1], [1, -1, 1]])}),
        "style_weights of row 1 are [1.0, -1.0, 1.0]; give numbers of 0 or more",
    ),
    "two weights": (
        *(ALL, {"style": FIVE, "style_weights": np.ones((2, 2), np.float32)}),
        "style_weights has the shape (2, 2); give a number for each style image, (b",
    ),
    "strength as a word": (ALL, {"strength": "much"}, "strength is 'much'; give an a"),
    "strength in columns": (
        *(("embedding", "clip"), {"strength": np.ones((2, 1), np.float32)}),
        "strength has the shape (2, 1); give a number for each row, (batch,).",
    ),
    "other noise": (
        *(("diffusion",), {"noise": networks.images(2, 8)}),
        "noise has the shape (2, 8, 8, 1) and the type float32; give floats of the",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_inputs_of_generators(models, name):
    concerned, changes, expected = WRONG[name]
    for kind in concerned:
        if name == "strength as a word" and kind == "diffusion":
            continue
        for use in (models[kind], models[kind].predict_on_batch, models[kind].predict):
            assert sentence(use, inputs(**changes)).startswith(expected)


def test_what_are_no_inputs(models):
    for value in (None, 3, [1]):
        expected = f"The inputs are {value!r}; give a dict of content, style, label."
        assert sentence(models["embedding"], value) == expected


def test_tensors_are_refused_by_shape_and_type_alone(models):
    """A graph that is traced, or compiled, knows no more of them."""
    generator, tensor = models["embedding"], keras.ops.convert_to_tensor
    batch = {name: tensor(value) for name, value in inputs().items()}
    generator.check_inputs({**batch, "label": tensor(np.array([0, -1]))})
    for name in ("uint8 content", "label 0.5", "odd sides", "other rows"):
        _, changes, expected = WRONG[name]
        changed = {**batch, **{key: tensor(v) for key, v in changes.items()}}
        assert sentence(generator.check_inputs, changed)[:20] == expected[:20]
    symbolic = {
        "content": keras.KerasTensor((None, None, None, 1)),
        "style": keras.KerasTensor((None, None, None, 1)),
        "label": keras.KerasTensor((None,), "int32"),
    }
    generator.check_inputs(symbolic)


def test_inputs_of_classifiers():
    classifier, reader = networks.image_classifier(), networks.text_classifier()
    uint8 = np.zeros((2, SIZE, SIZE, 1), np.uint8)
    for wrong in (uint8, FIVE, FIVE[:, 0, ..., 0], np.repeat(FIVE[:, 0], 3, -1)):
        for use in (classifier, classifier.predict_on_batch, classifier.encoder):
            expected = f"The image has the shape {wrong.shape} and the type"
            assert sentence(use, wrong).startswith(expected)
    assert sentence(classifier, None) == "The image is None; give an array."
    assert sentence(reader, uint8).startswith("tokens has the shape (2, 16, 16, 1) and")
    given = sentence(reader.predict_on_batch, np.full((2, 6), 99))
    assert given == "tokens has 99, which is out of range; give 0 to 11."


@pytest.fixture(scope="module")
def generator():
    return hw.AdaINGenerator(width=8, multipliers=(1,))


@pytest.fixture(scope="module")
def clip():
    structures = hw.StructureTokenizer(hw.read_structures())
    sizes = structures.vocabulary_size, structures.length
    encoder = hw.TextEncoder(*sizes, width=8, depth=1, heads=1)
    towers = hw.ImageTower(networks.image_encoder(), 8), hw.TextTower(encoder, 8)
    return hw.load(hw.CLIP(*towers), image_size=32)


@pytest.mark.backend_free
class TestLoaded:
    @pytest.mark.parametrize("value", ["much", [1.0], np.ones(3), True, 1j, -1, np.nan])
    def test_strength(self, generator, hand, value):
        loaded = hw.load(generator, image_size=SIZE)
        given = sentence(loaded.write, "あ", hand, strength=value)
        assert given == f"strength is {value!r}; give a number of 0 or more."

    @pytest.mark.parametrize("value", [0, "", 1, 32.0, "32", True])
    def test_image_sizes(self, generator, value):
        expected = f"image_size is {value!r}; give a whole number of 8 or more."
        assert sentence(hw.load, generator, image_size=value) == expected

    def test_sampling(self):
        model = hw.load(
            hw.DiffusionGenerator(networks.unet(multipliers=(1,))), image_size=SIZE
        )
        for settings, expected in (
            ({"steps": 2.5}, "steps is 2.5; give a whole number of 1 or more."),
            ({"guidance": 3}, "guidance is 3; give a dict, such as {'style': 1.5}."),
            (
                {"guidance": {"style": "much"}},
                "guidance of 'style' is 'much'; give a n",
            ),
        ):
            given = sentence(model.write, "あ", "no folder", **settings)
            assert given.startswith(expected)

    @pytest.mark.parametrize("value", ["", [], None, 3, "あ い", ["あい"]])
    def test_characters_to_embed(self, clip, value):
        given = sentence(clip.embed_characters, value)
        assert given.startswith("characters ")
        empty = "characters is empty; give at least one character."
        assert (given == empty) is (value in ("", []))

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("scans/", "query: scans does not exist; check the path."),
            ("scans/hanako", "query: scans/hanako does not exist; check the path."),
            ("あ.png", "query: あ.png does not exist; check the path."),
            ("nowhere", "query: there is no file or folder 'nowhere', and the charact"),
            (None, "query is None; give an array, paths or PIL images."),
            ([None], "query[0] is a NoneType; give arrays, paths or PIL images."),
            ("", "query is empty; give characters or images."),
            (np.zeros((0, 32, 32, 1)), "query: there is no image; give at least one."),
        ],
    )
    def test_a_search_for_what_is_not_there(self, clip, query, expected):
        assert sentence(clip.search, query, "あい").startswith(expected)
        given = sentence(clip.search, "あい", query)
        assert given.startswith(expected.replace("query", "candidates"))

    def test_an_empty_file_of_structures(self, clip):
        for value in ("", 3):
            loaded = hw.load(clip._engine.model, structures=value)
            given = sentence(loaded.embed_characters, "あ")
            assert given == f"The structure file is {value!r}; give a path."

    def test_another_size_than_the_recorded(self):
        flags = {"image_size": 32}
        assert resolve_facts(None, flags).image_size == 32
        assert resolve_facts(None, flags, size=32).image_size == 32
        with pytest.warns(InputWarning, match="image_size is 48 and the model was tra"):
            assert resolve_facts(None, flags, size=48).image_size == 48

    def test_an_exported_generator_that_changes_the_size(self):
        class Exported(engines._ExportedEngine):
            def _run(self, inputs):
                return {"image": np.zeros((1, 34, 34, 1))}

        shapes = dict.fromkeys(("content", "style"), (None, None, None, 1))
        engine = Exported("old.onnx", shapes, {"image": (None, None, None, 1)})
        images = np.zeros((1, 33, 33, 1))
        given = sentence(engine.run, {"content": images, "style": images})
        assert given.startswith("old.onnx made images of 34 × 34 pixels out of 33 × 33")
