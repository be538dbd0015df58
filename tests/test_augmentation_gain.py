"""The experiment of augmentation_gain at a tiny size, and what it refuses."""

import contextlib
import csv
import json
import os
import pickle

import pytest
from networks import BACKEND
from PIL import Image

from experiments import train_classifier
from hwgen_keras import cluster, parallel, training
from hwgen_keras.data import FONT, GENERATED, HANDWRITING
from hwgen_keras.errors import InputError

pytest_plugins = ["gain_folder"]
# Most of it trains nothing; the scripts that it runs are tested on each backend.
pytestmark = pytest.mark.backend_free
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


@one_backend
def test_trains_reads_and_reports(gain, tmp_path, capsys):
    page = gain(seeds=1)
    folder = tmp_path / "gain"
    for arm in ("classical", "gan"):
        run = folder / "runs" / arm / "1" / "0"
        names = {path.name for path in run.iterdir()}
        assert {"report.json", "predictions.csv", "classifier.keras"} <= names
        assert "checkpoints" not in names
        assert "Run folder" in (run / "training.log").read_text("utf-8")
        flags = json.loads((run / "config.json").read_text("utf-8"))["flags"]
        assert flags["seed"] == 0 and flags["steps"] == 2
        assert flags["real_share"] == (0.5 if arm == "gan" else None)
    values = json.loads((folder / "results.json").read_text("utf-8"))
    assert len(values["runs"]) == 2
    assert [line["arm"] for line in values["summary"]] == ["classical", "gan"]
    with open(folder / "results.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [tuple(row)[:3] for row in rows] == [("arm", "amount", "seed")] * 2
    printed = capsys.readouterr().out
    assert "Run folder" not in printed
    assert "one image is 16.67 points" in printed
    assert (folder / "table.md").read_text("utf-8").count("| classical ") == 3
    for plot in ("accuracy.png", "error_reduction.png"):
        with Image.open(folder / plot) as image:
            assert image.width > 500
    assert "<h1>" in page.read_text("utf-8")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["flags"]["writers"] == ["1"] and config["versions"]["keras"]


def test_what_is_there_is_not_trained_again(gain, untrained, tmp_path):
    page = gain()
    order = ["classical/1/0", "gan/1/0", "classical/1/1", "gan/1/1"]
    assert untrained == order
    page.unlink()
    assert gain() == page and page.exists()
    assert untrained == order
    # More of the same may be asked for.
    gain(seeds=3)
    assert untrained == [*order, "classical/1/2", "gan/1/2"]


def test_the_page_shows_what_changed(gain, untrained, tmp_path):
    text = gain().read_text("utf-8")
    values = json.loads((tmp_path / "gain" / "results.json").read_text("utf-8"))
    (change,) = values["changes"]
    assert (change["before"], change["after"]) == ("classical", "gan")
    told = [(c["character"], c["before"], c["after"]) for c in change["improved"]]
    assert told == [("い", 0, 2), ("あ", 0, 1)]
    told = [(c["character"], c["before"], c["after"]) for c in change["broken"]]
    assert told == [("う", 2, 0), ("か", 1, 0)]
    # Four images that changed, and those of the four characters that did.
    assert text.count("data:image/png;base64,") == 4 + 4
    assert text.count("data:image/svg+xml;base64,") == 2
    assert "い, was く\n0/2 → 2/2" in text and "う, now く\n2/2 → 0/2" in text
    # Accuracies 3/6 and 2/6, and 2/6 and 3/6.
    classical, gan = values["summary"]
    assert classical["accuracy"] == pytest.approx(5 / 12)
    assert gan["baseline"] == "classical"
    assert gan["error_reduction"] == pytest.approx(0)
    assert gan["difference_half"] == pytest.approx(12.706205 / 6, rel=1e-6)


def test_another_request_in_the_folder_is_refused(gain, untrained, handwriting):
    gain()
    with pytest.raises(InputError, match="begun with other --steps"):
        gain(steps=3)
    with pytest.raises(InputError, match="begun with other --train"):
        gain(train=handwriting("others", [7]))
    other = handwriting("other", [8])
    with pytest.raises(InputError, match="was trained with --generated"):
        gain(generated=[f"gan={other}"])
    with pytest.raises(InputError, match="was trained with --augment"):
        gain(augment="affine")
    assert len(untrained) == 4


def test_a_folder_that_does_not_name_a_newer_setting_had_its_default(
    gain, untrained, tmp_path
):
    gain()
    file = tmp_path / "gain" / "request.json"
    request = json.loads(file.read_text("utf-8"))
    assert request.pop("--accumulate") == 1
    file.write_text(json.dumps(request), "utf-8")
    gain()
    with pytest.raises(InputError, match="begun with other --accumulate"):
        gain(accumulate=2)


WRITES = {"generator": ["other=run"], "fonts": ["."]}
FOUND = {"generator": ["other=."], "fonts": ["."]}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"train": None}, "--train is needed"),
        ({"output": None}, "--output is needed"),
        ({"seeds": 0}, "--seeds is 0"),
        ({"real_share": 1.0}, "--real_share is 1.0; give 0 or more and less"),
        ({"preset": "original", "real_share": 0.5}, "=original takes no --real_share"),
        ({"writers": ["1", "x"]}, "--writers=1,x: give whole numbers"),
        ({"writers": ["3"]}, "--writers=3: --train has 2 writers"),
        ({"images_a_class": ["1"]}, "Give either --writers or"),
        ({"arms": ["gans"]}, "there is no arm 'gans'"),
        ({"arms": ["fonts"]}, "needs --fonts"),
        ({"generated": ["gan=nothing.json"]}, "--generated=gan: there is no nothing"),
        ({"generator": ["gan=run"], "fonts": ["x"]}, "the name gan is taken"),
        ({"style_images": 2}, "--style_images is about the sets that --generator"),
        ({"style_hands": ["you"], **WRITES}, "--style_hands: there is no 'you'; use"),
        ({"style_hands": ["simulated"], **FOUND}, "needs --simulated_writers"),
        ({"min_content_score": 0.5, **WRITES}, "--min_content_score needs --reader"),
        ({"max_attempts": 0, **WRITES}, "--max_attempts is 0"),
        ({"generator": ["no=run"], "fonts": ["."]}, "--generator=no: there is no run"),
        ({"reader": "no.keras", **FOUND}, "--reader: there is no no.keras"),
        ({"reader": "{images_a_class}", **FOUND}, "--reader={images_a_class}: the am"),
        ({"augment": "bent"}, "bent"),
    ],
)
def test_mistakes_get_one_sentence(gain, untrained, values, message):
    with pytest.raises(InputError, match=message) as error:
        gain(**values)
    assert "\n" not in str(error.value)
    assert not untrained


def in_this_process(function, *arguments):
    """In place of `apart.call`, which test_gain_apart.py tests."""
    return function(*arguments)


@one_backend
def test_workers_of_dask(gain, monkeypatch):
    """What goes to them; that they run is tested with the engine."""
    begun = []

    class Workers:
        def each(self, function, jobs, *texts):
            begun.append((function.__name__, len(jobs)))
            # Only what can be pickled reaches them.
            _, jobs = pickle.loads(pickle.dumps((function, jobs)))
            return parallel.each(in_this_process, jobs, *texts, workers=1)

    monkeypatch.setattr(
        cluster, "connected", lambda settings: contextlib.nullcontext(Workers())
    )
    path = gain(arms=["classical"], engine="dask")
    assert begun == [("call", 2)]
    assert path.exists()
    # All is done.
    gain(arms=["classical"], engine="dask")
    assert len(begun) == 1


@one_backend
def test_two_processes(gain, tmp_path, monkeypatch):
    """What goes to them; that they run is tested with the scripts of data."""
    each, begun = parallel.each, []

    def here(function, jobs, *texts, workers=1):
        begun.append((function.__name__, len(jobs), workers))
        function, jobs = pickle.loads(pickle.dumps((function, jobs)))
        return each(function, jobs, *texts, workers=1)

    monkeypatch.setattr(parallel, "each", here)
    shared = parallel.threads(2)
    for name in shared:
        monkeypatch.setenv(name, "1")
        monkeypatch.delenv(name)
    gain(arms=["classical"], processes=2)
    assert ("train", 2, 2) in begun
    assert {name: os.environ.get(name) for name in shared} == shared
    runs = tmp_path / "gain" / "runs" / "classical" / "1"
    for seed in ("0", "1"):
        assert (runs / seed / "report.json").exists()


def test_simulated_writers_do_not_count_as_real(
    handwriting, characters, tmp_path, monkeypatch, tiny_font
):
    seen = {}

    def sampler(settings, store, **arguments):
        seen.update(arguments)
        raise InputError("Enough is known.")

    monkeypatch.setattr(training, "augmented_sampler", sampler)
    listed = tmp_path / "文字.txt"
    listed.write_text("\n".join(characters) + "\n", encoding="utf-8")
    settings = train_classifier.Settings(
        train=[handwriting("train", [0])],
        generated=[handwriting("made", [1])],
        fonts=[str(tiny_font)],
        simulated_writers=2,
        characters=str(listed),
        real_share=0.4,
        size="tiny",
        run_dir=str(tmp_path / "run"),
        cache="",
    )
    with pytest.raises(InputError, match="Enough"):
        train_classifier.main(settings)
    kinds = list(seen["kinds"])
    assert kinds == (
        [FONT] * 6 + [HANDWRITING] * 6 + [training.SIMULATED] * 12 + [GENERATED] * 6
    )
    assert seen["kind_weights"] == pytest.approx(
        {HANDWRITING: 0.4, FONT: 0.2, GENERATED: 0.2, training.SIMULATED: 0.2}
    )
