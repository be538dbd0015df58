"""The description of a model's folder, and what is refused of it."""

import json

import pytest

from hwgen_keras import __version__
from hwgen_keras.bundle import made_of, read_bundle, read_run, write_bundle
from hwgen_keras.characters import (
    StructureTokenizer,
    character_set,
    read_structures,
)
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "variables").mkdir()
    (tmp_path / "saved_model.pb").write_bytes(b"graph")
    (tmp_path / "variables" / "all").write_bytes(b"numbers")
    (tmp_path / "README.md").write_text("card")
    write_bundle(
        tmp_path, name="kana", kind="classifier", image_size=32, characters="あい"
    )
    return tmp_path


def change(folder, **values):
    path = folder / "model.json"
    description = {**json.loads(path.read_text("utf-8")), **values}
    path.write_text(json.dumps(description), "utf-8")


def refused(folder, message):
    with pytest.raises(InputError, match=message) as caught:
        read_bundle(folder)
    assert "\n" not in str(caught.value)


def test_what_was_written_is_read(folder):
    bundle = read_bundle(folder)
    assert (bundle.name, bundle.kind, bundle.image_size) == ("kana", "classifier", 32)
    assert bundle.characters == ("あ", "い")
    assert set(bundle.files) == {"saved_model.pb", "variables/all"}
    assert bundle.files["saved_model.pb"]["bytes"] == 5
    assert bundle.version == __version__ and bundle.tokenizer() is None
    assert read_bundle(folder / "model.json") == bundle
    # The card may be rewritten at any time.
    (folder / "README.md").write_text("another card")
    assert read_bundle(folder) == bundle


class TestStructures:
    def test_those_of_the_package_are_not_written(self, folder):
        tokenizer = StructureTokenizer(read_structures())
        write_bundle(folder, name="a", kind="clip", tokenizer=tokenizer)
        bundle = read_bundle(folder)
        assert bundle.structures is None
        again = bundle.tokenizer().encode("語")
        assert (again == tokenizer.encode("語")).all()

    def test_others_are(self, folder):
        own = {"好": (("⿰", "女", "子"), ("好",)), "女": (("女",),)}
        tokenizer = StructureTokenizer(own, length=9)
        write_bundle(folder, name="a", kind="clip", tokenizer=tokenizer)
        again = read_bundle(folder).tokenizer()
        assert (again.encode("好女") == tokenizer.encode("好女")).all()
        assert again.encode("好", [1]).tolist() == tokenizer.encode("好", [1]).tolist()

    def test_those_of_japanese_come_back(self, folder):
        characters = character_set("japanese")
        tokenizer = StructureTokenizer.for_characters(characters)
        write_bundle(folder, name="a", kind="clip", tokenizer=tokenizer)
        again = read_bundle(folder).tokenizer()
        assert again.vocabulary == tokenizer.vocabulary
        assert (again.encode("がa。") == tokenizer.encode("がa。")).all()

    def test_a_run_of_japanese_has_its_structures(self, tmp_path):
        config = {"flags": {"characters": "japanese", "image_size": 32}}
        (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
        run, lacking = read_run(tmp_path / "generator.keras")
        assert lacking is None and len(run["characters"]) == 3219
        assert all(c in run["tokenizer"].structures for c in run["characters"])
        (tmp_path / "own.tsv").write_text("あ\tあ\n", "utf-8")
        run, lacking = read_run(
            tmp_path / "generator.keras", structure_file=str(tmp_path / "own.tsv")
        )
        assert run["tokenizer"] is None and "no structure of い、う" in lacking

    def test_a_package_with_other_ones_says_so(self, folder):
        tokenizer = StructureTokenizer({"女": (("女",),)})
        write_bundle(folder, name="a", kind="clip", tokenizer=tokenizer)
        change(folder, structures=None)
        with pytest.raises(InputError, match="trained with other structures"):
            read_bundle(folder).tokenizer()

    def test_damaged_ones(self, folder):
        tokenizer = StructureTokenizer({"女": (("女",),)})
        write_bundle(folder, name="a", kind="clip", tokenizer=tokenizer)
        change(folder, structures={"vocabulary": ["女"], "length": 3, "structures": 1})
        with pytest.raises(InputError, match="structures has a wrong value"):
            read_bundle(folder).tokenizer()


class TestRefused:
    def test_a_folder_without_description(self, tmp_path):
        refused(tmp_path, "holds no model.json")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('{"format": 1, "hwg', "is damaged"),
            ("\x00\xff", "is damaged"),
            ("[" * 100_000, "is damaged"),
            ("[]", "describes no model of hwgen_keras"),
            ('{"model": "another"}', "describes no model of hwgen_keras"),
            ('{"format": 1, "hwgen_keras": "0.1.0"}', "lacks name, kind"),
        ],
    )
    def test_a_foreign_or_damaged_description(self, tmp_path, text, message):
        (tmp_path / "model.json").write_bytes(text.encode("latin-1"))
        refused(tmp_path, message)

    @pytest.mark.parametrize("values", [{"format": 2}, {"hwgen_keras": "9.0.0"}])
    def test_a_newer_one(self, folder, values):
        change(folder, **values)
        refused(folder, "made by a newer hwgen_keras .*upgrade")

    def test_of_two_equal_formats_the_version_decides(self, folder):
        change(folder, hwgen_keras="0.0.9")
        assert read_bundle(folder).version == "0.0.9"

    @pytest.mark.parametrize(
        "values",
        [
            {"format": "1"},
            {"format": True},
            {"hwgen_keras": 1},
            {"name": None},
            {"kind": "zoo"},
            {"image_size": "32"},
            {"characters": ["あ", "あ"]},
            {"characters": ["ab"]},
            {"characters": []},
            {"files": []},
            {"files": {"saved_model.pb": {"bytes": 5}}},
            {"files": {"saved_model.pb": {"bytes": "5", "sha256": ""}}},
        ],
    )
    def test_values_of_the_wrong_kind(self, folder, values):
        change(folder, **values)
        refused(folder, "is damaged")

    @pytest.mark.parametrize(
        "path", ["../weights", "/etc/passwd", "a/../../b", "C:\\x", "..\\x", "a//b", ""]
    )
    def test_a_path_out_of_the_folder(self, folder, path):
        change(folder, files={path: {"bytes": 5, "sha256": ""}})
        refused(folder, "outside of its folder")

    def test_a_missing_file(self, folder):
        (folder / "variables" / "all").unlink()
        refused(folder, "all is missing")

    def test_a_file_cut_short(self, folder):
        (folder / "variables" / "all").write_bytes(b"numb")
        refused(folder, "has 4 bytes and should have 7")

    def test_a_changed_file(self, folder):
        (folder / "variables" / "all").write_bytes(b"Numbers")
        refused(folder, "differs from model.json in its SHA-256")
        assert read_bundle(folder, verify=False).name == "kana"


def test_of_a_run_no_paths_are_reported():
    config = {
        "experiment": "train_clip",
        "command": ["/home/me/train.py"],
        "backend": "jax",
        "flags": {
            "fonts": ["/home/me/fonts"],
            "clip_weights": "/home/me/clip",
            "characters": "mine.txt",
            "run_dir": "runs/one",
            "size": "small",
            "image_size": 32,
            "ema": 0.99,
            "seed": 3,
            "interval": 10,
        },
    }
    found = made_of(config)
    assert found == {
        "experiment": "train_clip",
        "backend": "jax",
        "seed": 3,
        "flags": {"size": "small", "image_size": 32, "ema": 0.99},
    }
