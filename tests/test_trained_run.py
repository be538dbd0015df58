"""What is read of a run folder for its export."""

import json
import re

import pytest

from hwgen_keras.bundle import find_weights, read_run, write_bundle
from hwgen_keras.characters import StructureTokenizer, read_structures
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free


@pytest.fixture
def run(tmp_path):
    (tmp_path / "generator.keras").touch()
    return tmp_path


def configure(run, **flags):
    (run / "config.json").write_text(json.dumps({"flags": flags}))


class TestWhere:
    def test_a_folder_its_last_step_or_a_file(self, run):
        file = run / "generator.keras"
        for path in (run, str(run), file):
            assert find_weights(path) == file
        step = run / "all" / "step_end"
        step.mkdir(parents=True)
        (step / "clip.keras").touch()
        assert find_weights(run / "all") == step / "clip.keras"

    def test_one_and_only_one(self, run):
        (run / "clip.keras").touch()
        with pytest.raises(InputError, match="holds generator.keras and clip.keras"):
            find_weights(run)
        assert find_weights(run / "none") is None


class TestDescribed:
    """A folder of a model.json and model.keras, as those of saved_models/."""

    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "model.keras").write_bytes(b"weights")
        write_bundle(
            tmp_path,
            name="two",
            kind="generator",
            mode="adain_clip",
            image_size=48,
            characters="あい",
            tokenizer=StructureTokenizer(read_structures()),
            made_of={"seed": 5},
        )
        return tmp_path

    def test_it_tells_what_a_run_tells(self, folder):
        weights = find_weights(folder)
        assert weights == folder / "model.keras"
        facts, lacking = read_run(weights)
        assert list(facts["characters"]) == ["あ", "い"] and lacking is None
        assert len(facts["tokenizer"].encode(["あ"])) == 1
        assert (facts["image_size"], facts["made_of"]) == (48, {"seed": 5})
        facts, _ = read_run(weights, "kana")
        assert len(facts["characters"]) == 92

    def test_changed_weights_are_refused(self, folder):
        (folder / "model.keras").write_bytes(b"others.")
        with pytest.raises(InputError, match="model.keras"):
            read_run(folder / "model.keras")


class TestWhat:
    def test_of_the_run(self, run):
        configure(run, characters="kana", image_size=48, seed=5, structure_file=None)
        facts, lacking = read_run(run / "generator.keras")
        assert len(facts["characters"]) == 92 and facts["image_size"] == 48
        assert len(facts["tokenizer"].encode(facts["characters"])) == 92
        assert facts["made_of"]["seed"] == 5 and lacking is None

    def test_flags_go_before(self, run):
        configure(run, characters="gone.txt", structure_file="gone.tsv")
        (run / "own.tsv").write_text("あ\tあ\n", "utf-8")
        (run / "own.txt").write_text("あ\n", "utf-8")
        own = str(run / "own.txt"), str(run / "own.tsv")
        facts, lacking = read_run(run / "generator.keras", *own)
        assert list(facts["characters"]) == ["あ"] and lacking is None
        assert facts["tokenizer"].vocabulary_size == 5

    @pytest.mark.parametrize(
        ("flags", "message"),
        [
            (None, "no config.json beside it .*--characters"),
            ({}, "no config.json beside it .*--characters"),
            ({"characters": "gone.txt"}, "gone.txt cannot be read .*--characters"),
            (
                {"characters": "kana", "structure_file": "gone.tsv"},
                "gone.tsv cannot be read .*--structure_file",
            ),
        ],
    )
    def test_what_is_not_known_is_reported(self, run, flags, message):
        if flags is not None:
            configure(run, **flags)
        facts, lacking = read_run(run / "generator.keras")
        assert facts["tokenizer"] is None and re.search(message, lacking)
        assert (facts["made_of"] is None) == (not flags)

    def test_characters_without_structure(self, run):
        configure(run, characters="kana")
        (run / "own.tsv").write_text("あ\tあ\n", "utf-8")
        own = str(run / "own.tsv")
        facts, lacking = read_run(run / "generator.keras", structure_file=own)
        assert facts["tokenizer"] is None and "no structure of い" in lacking

    def test_mistakes(self, run):
        with pytest.raises(InputError, match="no character set or file 'none'"):
            read_run(run / "generator.keras", "none")
        configure(run, characters="kana")
        with pytest.raises(InputError, match="structure file none.tsv cannot"):
            read_run(run / "generator.keras", structure_file="none.tsv")
        for text in ("{", "[]", '{"flags": 1}'):
            (run / "config.json").write_text(text)
            with pytest.raises(InputError, match="config.json is damaged"):
                read_run(run / "generator.keras")
