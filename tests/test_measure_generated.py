"""The script that measures a generated set, with an untrained recogniser."""

import json

import pytest
from PIL import Image

from experiments import measure_generated
from hwgen_keras.errors import InputError


@pytest.fixture
def measured(tmp_path, characters, manifest):
    """A function, options → what the script returns; the reader is an untrained one."""
    from hwgen_keras.models import Classifier, ImageEncoder

    listed = tmp_path / "文字.txt"
    listed.write_text("\n".join(characters) + "\n", encoding="utf-8")
    reader = Classifier(ImageEncoder(widths=(8, 16)), len(characters))
    reader.build()
    reader.save(tmp_path / "reader.keras")
    # One image, two of other characters by one writer, and other writers' names.
    entries = json.loads(manifest.read_text("utf-8"))
    two = {character: entries[character][:1] for character in "いう"}
    for name, some in (
        ("one", {"あ": entries["あ"][:1]}),
        ("two", two),
    ):
        text = json.dumps(some, ensure_ascii=False)
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    text = manifest.read_text("utf-8").replace('"writer": "', '"writer": "not ')
    (tmp_path / "others.json").write_text(text, encoding="utf-8")

    def run(**values):
        given = {
            "characters": str(listed),
            "generated": str(manifest),
            "real": str(manifest),
            "reader": str(tmp_path / "reader.keras"),
            "size": "tiny",
            "output": str(tmp_path / "measured"),
            "cache": "",
            **values,
        }
        for name in ("generated", "real"):
            given[name] = given[name] and str(tmp_path / given[name])
        return measure_generated.main(measure_generated.Settings(**given))

    return run


def test_the_script_measures_a_set_against_itself(measured, tmp_path, capsys):
    values = measured(clean_generated=True, paired=True)
    folder = tmp_path / "measured"
    assert json.loads((folder / "metrics.json").read_text("utf-8")) == values
    found = values["measures"]
    for name, row in found.items():
        assert row["images"] in ([12, 12], [6, 12]), name
        if row["real"] is not None and row["images"] == [12, 12]:
            assert row["generated"] == row["real"], name
    assert found["nearest to its hand %"]["chance"] == [50, 50]
    assert found["copies of real images %"]["generated"] == 100
    for name in ("form nearest to its hand %", "  hands found by their forms %"):
        assert found[name]["generated"] == 100 and found[name]["chance"][0] == 50
    assert found["paired: L1"]["generated"] == 0
    assert found["paired: SSIM"]["generated"] == pytest.approx(1)
    assert found["paired: perceptual"]["generated"] == pytest.approx(0, abs=1e-6)
    with Image.open(folder / "worst.png") as sheet:
        assert sheet.size == (12 * 33 + 1, 34)
    printed = capsys.readouterr().out
    assert "The Fréchet distance is of 6 images a set" in printed
    assert all(name in printed for name in found)

    # As they were written; of one writer's image the hands are not to be measured.
    values = measured(generated="two.json", output=str(tmp_path / "raw"))
    assert values["measures"]["copies of real images %"]["images"] == [2, 12]
    assert values["measures"]["writer mAP %"]["generated"] is None
    assert any(note.startswith("Retrieval of writers, gen") for note in values["notes"])


SCRIPT_MISTAKES = [
    ({"generated": None}, "--generated is needed"),
    ({"real": None}, "--real is needed"),
    ({"reader": None}, "--reader is needed"),
    ({"output": None}, "--output is needed"),
    ({"output": "."}, "--output: . exists already"),
    ({"reader": "no.keras"}, "--reader: there is no file no.keras"),
    ({"characters": "kana"}, "trained on 6 characters and is used with 92"),
    ({"generated": "one.json", "real": "two.json"}, "no character in common"),
    ({"generated": "one.json"}, "--generated has 1 images and --real 2"),
    ({"paired": True, "generated": "others.json"}, "--paired: no generated image has"),
]


@pytest.mark.parametrize(("values", "message"), SCRIPT_MISTAKES)
def test_mistakes_of_the_script_get_one_sentence(measured, tmp_path, values, message):
    with pytest.raises(InputError, match=message) as error:
        measured(**values)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "measured").exists()
