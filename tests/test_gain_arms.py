"""The arms of augmentation_gain, and the real handwriting that they get."""

import json
import pathlib

import pytest

from experiments import train_classifier
from experiments.gain import arms as gain_arms
from experiments.gain import data as gain_data
from hwgen_keras.data import Sample, read_manifest
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free

DATA = {
    "train": "real.json",
    "fonts": ["fonts.store"],
    "simulated_writers": 60,
    "generated": {"gan": "gan.json"},
}
GIVEN = {"fonts": True, "simulated_writers": True}


def values_of(name, data=DATA, preset="standard", **values):
    arm = gain_arms.preset_arms(preset, ["gan"])[name]
    return gain_arms.training_values(arm, data, **values)


class TestArms:
    def test_the_standard_ones(self):
        assert list(gain_arms.preset_arms("standard", ["gan"])) == [
            *("real", "classical", "mixup", "cutmix", "strokes", "fonts"),
            *("fonts+strokes", "gan", "gan+fonts+strokes", "gan only"),
        ]

    def test_the_original_has_ten_with_four_generators(self):
        found = gain_arms.preset_arms("original", ["adain", "mlp", "clip", "diffusion"])
        assert len(found) == 10
        elastic = [arm["augment"] for arm in found.values()]
        assert elastic == ["none", "elastic"] * 5
        assert all(
            gain_arms.training_values(
                arm, {**DATA, "generated": dict.fromkeys(found, "x")}
            )["real_share"]
            is None
            for arm in found.values()
        )

    def test_values_of_train_classifier(self):
        nothing = {
            "train": ["real.json"],
            "fonts": [],
            "simulated_writers": 0,
            "generated": [],
            "augment": "affine,elastic",
            "mix": "none",
            "real_share": None,
        }
        assert values_of("real", real_share=0.5) == {**nothing, "augment": "none"}
        assert values_of("classical", real_share=0.5) == nothing
        assert values_of("cutmix") == {**nothing, "mix": "cutmix"}
        assert values_of("gan+fonts+strokes", real_share=0.5) == {
            **nothing,
            "fonts": ["fonts.store"],
            "simulated_writers": 60,
            "generated": ["gan.json"],
            "real_share": 0.5,
        }
        only = {**nothing, "train": [], "generated": ["gan.json"]}
        assert values_of("gan only", real_share=0.5) == only

    def test_every_setting_is_one_of_the_script(self):
        for name in gain_arms.preset_arms("standard", ["gan"]):
            train_classifier.Settings(**values_of(name))

    def test_without_real_handwriting(self):
        none = {**DATA, "train": None}
        for name in ("real", "classical", "mixup", "cutmix"):
            assert values_of(name, none) is None
        # The same as `gan only`.
        assert values_of("gan", none) is None
        assert values_of("gan only", none, real_share=0.5)["real_share"] is None
        assert values_of("fonts+strokes", none)["train"] == []

    def test_a_generator_that_wrote_nothing_is_no_arm(self):
        assert values_of("gan", {**DATA, "generated": {}}) is None

    def test_other_augmentation(self):
        found = gain_arms.preset_arms("standard", [], augment="stroke")
        assert found["fonts"]["augment"] == "stroke"
        assert found["real"]["augment"] == "none"

    def test_a_choice_keeps_the_order(self):
        found = gain_arms.preset_arms("standard", [])
        assert list(gain_arms.choose(found, ["fonts", "real"], GIVEN)) == [
            "real",
            "fonts",
        ]
        lacking = {**GIVEN, "fonts": False}
        names = list(gain_arms.choose(found, [], lacking))
        assert names == ["real", "classical", "mixup", "cutmix", "strokes"]

    def test_mistakes(self):
        found = gain_arms.preset_arms("standard", [])
        with pytest.raises(InputError, match="no arm 'font'; choose from real"):
            gain_arms.choose(found, ["font"], GIVEN)
        with pytest.raises(InputError, match="'fonts' needs --fonts"):
            gain_arms.choose(found, ["fonts"], {**GIVEN, "fonts": False})


def sample(character, writer, number=0):
    return Sample(character, pathlib.Path(f"{character}-{writer}-{number}"), writer)


SAMPLES = [
    sample(character, writer, number)
    for character in "あい"
    for writer in ("b", "a", "c")
    for number in range(2)
]


class TestParts:
    def test_writers_are_nested_in_the_order_of_their_names(self):
        parts = gain_data.by_writers(SAMPLES, [0, 1, 2])
        assert parts[0] == []
        assert {s.writer for s in parts[1]} == {"a"}
        assert {s.writer for s in parts[2]} == {"a", "b"}
        assert len(parts[2]) == 8

    def test_images_are_nested(self):
        parts = gain_data.by_images(SAMPLES, [1, 2, 6])
        assert [len(parts[n]) for n in parts] == [2, 4, 12]
        assert set(parts[1]) < set(parts[2]) < set(parts[6])
        assert gain_data.by_images(SAMPLES, [2]) == {2: parts[2]}

    def test_no_more_than_there_are(self):
        with pytest.raises(InputError, match=r"3 writers \(a, b, c\)"):
            gain_data.by_writers(SAMPLES, [4])
        with pytest.raises(InputError, match="more than 6 images"):
            gain_data.by_images(SAMPLES, [7])

    def test_a_manifest_a_part(self, manifest, tmp_path):
        samples = read_manifest(manifest)
        parts = {0: [], 1: samples[:4]}
        paths = gain_data.write_parts(tmp_path / "data", "writers", parts)
        assert paths[0] is None
        again = read_manifest(paths[1])
        assert gain_data.digest(again) == gain_data.digest(samples[:4])
        assert gain_data.digest(again) != gain_data.digest(samples[:3])


class Settings:
    writer_pattern = None
    skip_unknown_characters = False

    def __init__(self, train, test):
        self.train, self.test = str(train), str(test)


class TestWritersApart:
    @pytest.fixture
    def listed(self, manifest):
        """A function, {writer as it is: writer as listed} → a manifest beside."""

        def write(name, writers):
            entries = {
                character: [
                    {"path": one["path"], "writer": writers[one["writer"]]}
                    for one in samples
                    if one["writer"] in writers
                ]
                for character, samples in json.loads(
                    manifest.read_text("utf-8")
                ).items()
            }
            for samples in entries.values():
                for one in samples:
                    if one["writer"] is None:
                        del one["writer"]
            path = manifest.with_name(name)
            path.write_text(json.dumps(entries, ensure_ascii=False), "utf-8")
            return path

        return write

    def test_two_people(self, listed, characters):
        train = listed("train.json", {"first": "A"})
        test = listed("test.json", {"second": "B"})
        found = gain_data.read_samples(Settings(train, test), characters)
        assert [len(part) for part in found] == [6, 6, 0]

    def test_a_writer_in_both_is_refused(self, listed, characters):
        train = listed("train.json", {"first": "A"})
        test = listed("test.json", {"second": "A"})
        with pytest.raises(InputError, match="the writer A is in --train, too"):
            gain_data.read_samples(Settings(train, test), characters)

    def test_a_folder_is_its_own_writer(self, manifest, characters, tmp_path):
        hand = tmp_path / "hanako"
        hand.mkdir()
        image = next((tmp_path / "images").iterdir()).read_bytes()
        (hand / "あ.png").write_bytes(image)
        train, _, notes = gain_data.read_samples(Settings(hand, manifest), characters)
        assert [sample.writer for sample in train] == ["hanako"] and not notes

    def test_unknown_writers_are_told(self, listed, characters):
        train = listed("train.json", {"first": None})
        test = listed("test.json", {"second": None})
        first, second, notes = gain_data.read_samples(Settings(train, test), characters)
        assert len(notes) == 2 and "6 of 6 images are not known" in notes[0]
        assert {s.writer for s in first} != {s.writer for s in second}

    def test_an_image_in_both_is_refused(self, listed, characters):
        train = listed("train.json", {"first": None})
        with pytest.raises(InputError, match="the image .* is in --train, too"):
            gain_data.read_samples(Settings(train, train), characters)


class TestNamedPaths:
    def test_the_amount_is_filled_in(self):
        assert gain_data.named_sets("generated", ["g=a=b-{writers}"]) == {
            "g": "a=b-{writers}"
        }
        path = gain_data.filled("generated=g", "sets/{writers}.json", "writers", 3)
        assert path == "sets/3.json"

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            (["g"], "write it as NAME=PATH"),
            (["=x"], "write it as NAME=PATH"),
            (["a/b=x"], "cannot be the name of a folder of results"),
            (["a+b=x"], "name it with letters"),
            (["a=x", "a=y"], "the name a comes twice"),
        ],
    )
    def test_mistakes(self, values, message):
        with pytest.raises(InputError, match=message):
            gain_data.named_sets("generated", values)

    def test_the_placeholder_of_the_other_axis(self):
        with pytest.raises(InputError, match="not {images_a_class}"):
            gain_data.filled("generated=g", "{images_a_class}", "writers", 1)
