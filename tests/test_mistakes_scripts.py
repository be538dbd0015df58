"""A wrong flag, or a wrong file of a flag, gets one sentence."""

import json
import types
import warnings

import keras
import networks
import pytest
from hand_folder import characters_file
from sentences import sentence

import hwgen_keras as hw
from experiments import (
    evaluate_classifier,
    flags,
    generate,
    train_classifier,
    train_clip,
)
from hwgen_keras import generation
from hwgen_keras.characters.tokenizer import SPECIAL
from hwgen_keras.errors import InputWarning
from hwgen_keras.generation.settings import SamplingSettings
from hwgen_keras.settings import named_values, rules_of
from hwgen_keras.training import generator_networks

pytestmark = [
    pytest.mark.backend_free,
    pytest.mark.skipif(networks.BACKEND != "torch", reason="one backend is enough"),
]


def save(model, folder, file, image_size=32):
    """Saves a model as a run of this image size does; returns its folder."""
    model.build()
    folder.mkdir()
    model.save(folder / file)
    config = json.dumps({"flags": {"image_size": image_size}})
    (folder / "config.json").write_text(config, "utf-8")
    return str(folder)


@pytest.fixture(scope="module")
def given(tmp_path_factory, characters):
    """Runs of untrained networks for images of 32 pixels, and a set of images."""
    folder = tmp_path_factory.mktemp("mistakes")
    keras.utils.set_random_seed(0)
    encoder, count = networks.image_encoder(), len(characters)
    store = hw.simulated_store([1], characters, 32, progress=False)
    store.save(folder / "test.store")
    text = hw.Classifier(networks.text_encoder(), count)
    return types.SimpleNamespace(
        folder=folder,
        test=str(folder / "test.store"),
        characters=characters_file(folder, characters),
        reader=save(hw.Classifier(encoder, count), folder / "r", "classifier.keras"),
        text=save(text, folder / "t", "text_encoder.keras"),
        clip=save(networks.clip(), folder / "c", "clip.keras"),
        image=save(networks.image_classifier(), folder / "i", "image_encoder.keras"),
        generator=save(networks.generator(), folder / "g", "generator.keras"),
    )


def test_flags_that_are_out_of_range():
    for name, value in (
        *(("seed", 2**40), ("simulated_writers", -3), ("image_size", 1)),
        *(("image_size", 0), ("batch_size", 0), ("batch_size", 2.5)),
    ):
        assert sentence(generate.Settings, **{name: value}).startswith(
            f"--{name} is {value}; give "
        )


class TestEmptyPaths:
    """An empty text once meant the whole current folder, searched in depth."""

    def test_in_a_list_they_stand_for_none(self):
        given = train_classifier.Settings(train=["", "a"], fonts="", generated=[""])
        assert (given.train, given.fonts, given.generated) == (("a",), (), ())
        assert "There is no data" in sentence(train_classifier.Settings, train="")

    @pytest.mark.parametrize("name", ["validation", "run_dir", "characters"])
    def test_elsewhere_they_are_refused(self, name):
        given = sentence(train_classifier.Settings, train="a", **{name: ""})
        assert given == f"--{name} is empty; give a value, or leave it out."


def test_flags_of_a_recogniser_that_do_not_fit():
    for given, expected in (
        ({"widths": "16,x"}, "--widths=16,x: give whole numbers above 0, such as 16,3"),
        ({"widths": "0"}, "--widths=0: give whole numbers above 0"),
        ({"widths": "8", "size": "base"}, "--widths is for a convolutional encoder"),
    ):
        given = sentence(train_classifier.Settings, train="a", **given)
        assert given.startswith(expected)


class TestTheSameImages:
    def test_validation_is_no_training(self, given):
        kind, test = train_classifier.Settings, given.test
        for name in ("train", "generated"):
            expected = f"--validation: {test} is given as --{name}, too; give other im"
            named = {"fonts": "a", name: test, "validation": test}
            assert sentence(kind, **named).startswith(expected)
        expected = f"--generated: {test} is given as --train, too; give other images."
        assert sentence(kind, train=test, generated=[test]) == expected
        kind(train=test, validation="other.store")


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a\\b"])
def test_arms_that_are_no_names_of_folders(name):
    """`..` wrote its report beside the output folder."""
    expected = f"--arm={name}=r: {name!r} cannot be the name of a folder of results;"
    assert sentence(named_values, "arm", [f"{name}=r"]).startswith(expected)


class TestEncoders:
    def test_a_text_encoder_is_no_recogniser(self, given, characters):
        file = f"{given.text}/text_encoder.keras"
        expected = (
            f"{file} is a text encoder, which reads structures; give a classifier of "
            "images."
        )
        named = {"test": given.test, "arm": [f"a={file}"], "image_size": 32}
        named |= {"characters": given.characters, "cache": ""}
        output = given.folder / "evaluation"
        settings = evaluate_classifier.Settings(**named, output=str(output))
        assert sentence(evaluate_classifier.main, settings) == f"--arm: {expected}"
        assert not output.exists()
        reading = generation.load_reader, file, characters
        assert sentence(*reading) == f"--reader: {expected}"

    def test_clip_takes_one_of_each(self, given):
        image, text = f"{given.reader}/classifier.keras", f"{given.text}/"
        text += "text_encoder.keras"
        named = {"size": "tiny", "image_weights": text, "text_weights": image}
        settings = train_clip.Settings(**named)
        for kind in ("image", "text"):
            path = getattr(settings, f"{kind}_weights")
            expected = f"--{kind}_weights: {path} holds no {kind} encoder; give"
            given_by = sentence(train_clip.load_encoder, settings, kind)
            assert given_by.startswith(expected)

    def test_a_shorter_structure_file(self, given, tmp_path):
        file = tmp_path / "shorter.tsv"
        file.write_text("あ\tあ\n", "utf-8")
        tokenizer = hw.StructureTokenizer(hw.read_structures(file))
        load = generator_networks.load_clip, given.clip, tokenizer, 32
        expected = (
            "--clip_weights: the text encoder was trained on sequences of 6 out of 12 "
            "tokens of structures and is used with sequences of 3 out of 5"
        )
        assert sentence(*load).startswith(expected)


class TestImageSizes:
    def test_a_run_records_another(self, given, characters):
        file = f"{given.reader}/classifier.keras"
        for path in (given.reader, file):
            # The size of the run is right; without one nothing is compared.
            generation.load_reader(path, characters, 32)
            generation.load_reader(path, characters)
            expected = (
                f"--reader: {file} was trained on images of 32 pixels and is used "
                "with 48; give --image_size=32, unless you mean it."
            )
            with pytest.warns(InputWarning) as caught:
                generation.load_reader(path, characters, 48)
            sentences = [w.message for w in caught if w.category is InputWarning]
            assert [*map(str, sentences)] == [expected]

    def test_a_folder_of_saved_models_records_another(self, given, tmp_path):
        (tmp_path / "model.json").write_text('{"image_size": 64}')
        model = networks.image_classifier()
        model.build()
        model.save(tmp_path / "model.keras")
        load = hw.load_trained, tmp_path, hw.Classifier, "--arm", "classifier.keras"
        with pytest.warns(InputWarning, match="trained on images of 64 pixels and is"):
            load[0](*load[1:], 32)
        for damaged in ("{", "[]", '{"image_size": null}', '{"image_size": "64"}'):
            (tmp_path / "model.json").write_text(damaged)
            load[0](*load[1:], 32)

    def test_every_model_of_a_script_is_compared(self, given):
        def settings(**values):
            names = (*rules_of(SamplingSettings), "discriminator_weights")
            values |= {"image_size": 48, "dtype_policy": "float32"}
            return types.SimpleNamespace(**dict.fromkeys(names), **values)

        vocabulary = (*SPECIAL, *map(str, range(8)))
        tokenizer = hw.StructureTokenizer({}, vocabulary, networks.LENGTH)
        stage, fresh = settings(generator_weights=given.generator), networks.generator()
        before = generator_networks.of_stage_before
        for load in (
            lambda: generation.sampling.load(stage),
            lambda: before(stage, fresh, "generator", type, "flags"),
            lambda: generator_networks.load_clip(given.clip, tokenizer, 48),
            lambda: train_clip.load_encoder(
                settings(image_weights=given.image), "image"
            ),
        ):
            with pytest.warns(InputWarning, match="with 48; give --image_size=32"):
                load()

    def test_every_arm_is_compared(self, given):
        named = {"characters": given.characters, "test": given.test, "cache": ""}
        named |= {"arm": [f"a={given.reader}"], "image_size": 48}
        output = str(given.folder / "other size")
        settings = evaluate_classifier.Settings(**named, output=output)
        with pytest.warns(
            InputWarning, match="--arm: .* is used with 48; give --image"
        ):
            evaluate_classifier.load(settings, "a", given.reader)

    def test_a_script_prints_it_in_a_line(self):
        line = flags._one_line("It is so.", InputWarning, "file.py", 3)
        assert line == "Warning: It is so.\n"
        message = UserWarning("Other.")
        given = flags._one_line(message, UserWarning, "file.py", 3, line="")
        expected = warnings.WarningMessage(message, UserWarning, "file.py", 3, line="")
        assert given == warnings._formatwarnmsg_impl(expected)
