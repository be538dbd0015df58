"""The experiment of augmentation_gain at a tiny size, and what it refuses."""

import csv
import json
import shutil

import pytest
from networks import BACKEND
from PIL import Image

from experiments import augmentation_gain, common, gain_runs
from hwgen_keras.data import Sample, write_manifest
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter

# Most of it trains nothing; the scripts that it runs are tested on each backend.
pytestmark = pytest.mark.backend_free
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


@pytest.fixture
def handwriting(tmp_path, characters):
    """A function, (name, seeds of simulated writers) → manifest of their images."""

    def write(name, seeds):
        samples = []
        for writer in map(PenWriter, seeds):
            for number, character in enumerate(characters):
                path = tmp_path / name / f"{writer.name}-{number}.png"
                path.parent.mkdir(exist_ok=True)
                Image.fromarray(writer.draw(character, 32)).save(path)
                samples.append(Sample(character, path, writer.name))
        write_manifest(tmp_path / f"{name}.json", samples)
        return str(tmp_path / f"{name}.json")

    return write


@pytest.fixture
def gain(tmp_path, characters, handwriting):
    """A function, options → what `main` returns."""
    listed = tmp_path / "文字.txt"
    listed.write_text("\n".join(characters) + "\n", encoding="utf-8")
    train, test = handwriting("train", [0, 1]), handwriting("test", [2])
    made = handwriting("gan-1", [3])

    def run(**values):
        given = {
            "train": train,
            "test": test,
            "generated": [f"gan={made.replace('-1.json', '-{writers}.json')}"],
            "characters": str(listed),
            "writers": ["1"],
            "arms": ["classical", "gan"],
            "seeds": 2,
            "size": "tiny",
            "image_size": 16,
            "batch_size": 4,
            "steps": 2,
            "output": str(tmp_path / "gain"),
        }
        flags = augmentation_gain.FLAGS, augmentation_gain.EXTRA
        return augmentation_gain.main(common.options(*flags, **{**given, **values}))

    return run


# What a seed of an arm reads right beside く, which it reads everywhere else.
READ = {"classical/0": "うか", "classical/1": "う", "gan/0": "い", "gan/1": "あい"}


@pytest.fixture
def untrained(monkeypatch, characters):
    """Trainings that leave a report at once; their folders' names, as they come."""
    begun = []

    def train(folder, values, test):
        begun.append("/".join(folder.parts[-3:]))
        folder.mkdir(parents=True)
        config = {"flags": values}
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        right = READ.get("/".join(folder.parts[-3::2]), "")
        lines = ["path,true,predicted,probability"]
        for character in characters:
            read = character if character in right else "く"
            lines.append(f"x,{character},{read},1")
        (folder / "predictions.csv").write_text("\n".join(lines) + "\n", "utf-8")
        accuracy = (len(right) + 1) / 6
        report = {"accuracy": accuracy, "macro_f1": 0.5, "images": 6}
        (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")

    monkeypatch.setattr(gain_runs, "train", train)
    return begun


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
    assert (folder / "table.md").read_text("utf-8").count("| classical |") == 3
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
    assert text.count("data:image/png;base64,") == 4
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


WRITES = {"generator": ["other=run"], "fonts": ["."]}
FOUND = {"generator": ["other=."], "fonts": ["."]}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"train": None}, "--train is needed"),
        ({"output": None}, "--output is needed"),
        ({"seeds": 0}, "--seeds is 0"),
        ({"real_share": 1.0}, "--real_share is 1.0; give 0 <= share < 1"),
        ({"preset": "original", "real_share": 0.5}, "none with --preset=original"),
        ({"writers": ["1", "x"]}, "--writers=1,x: give whole numbers"),
        ({"writers": ["3"]}, "--writers=3: --train has 2 writers"),
        ({"images_a_class": ["1"]}, "Give either --writers or"),
        ({"arms": ["gans"]}, "there is no arm 'gans'"),
        ({"arms": ["fonts"]}, "needs --fonts"),
        ({"generated": ["gan=nothing.json"]}, "--generated=gan: there is no nothing"),
        ({"generator": ["gan=run"], "fonts": ["x"]}, "the name gan is taken"),
        ({"generator": ["other=run"]}, "--content: fonts needs --fonts"),
        ({"style_images": 2}, "--style_images is about the sets that --generator"),
        ({"style_hands": ["you"], **WRITES}, "--style_hands=you: choose from fonts, r"),
        ({"style_hands": ["simulated"], **WRITES}, "needs --simulated_writers"),
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


@pytest.fixture
def generator_flags(tmp_path, tiny_font):
    """Flags of an untrained generator, which is known for writers 0 and 1."""
    from networks import generator

    network = generator()
    network.build()
    for amount in (0, 1):
        network.save(tmp_path / f"run-{amount}.keras")
    return {
        "generated": [],
        "generator": [f"gan={tmp_path}/run-{{writers}}.keras"],
        "generated_count": 2,
        "fonts": [str(tiny_font)],
        "image_size": 32,
    }


def hands_of(folder):
    """The hands in which a set is written."""
    samples = json.loads((folder / "manifest.json").read_text("utf-8")).values()
    return {sample["writer"] for each in samples for sample in each}


@one_backend
def test_a_generator_writes_its_set_here(gain, untrained, tmp_path, generator_flags):
    gain(**generator_flags)
    folder = tmp_path / "gain" / "generated" / "gan-1"
    assert hands_of(folder) == {"pen-0000"}
    config = tmp_path / "gain" / "runs" / "gan" / "1" / "0" / "config.json"
    (used,) = json.loads(config.read_text("utf-8"))["flags"]["generated"]
    assert used == str(folder / "manifest.json")
    shutil.copy(tmp_path / "run-1.keras", tmp_path / "other-1.keras")
    other = {"generator": [f"gan={tmp_path}/other-1.keras"]}
    with pytest.raises(InputError, match="choose another name for the generator"):
        gain(**{**generator_flags, **other})
    # Settings, too, are those of the set that is there.
    message = "gan-1 was written with --style_images=1, not 2; choose another name"
    with pytest.raises(InputError, match=message):
        gain(**generator_flags, style_images=2)
    # A set of before there were settings has their defaults, and glyphs as they were.
    note = folder.with_name("gan-1.json")
    request = json.loads(note.read_text("utf-8"))["request"]
    request = {name: request[name] for name in ("generator", "count")}
    note.write_text(json.dumps({"request": request}), "utf-8")
    (tmp_path / "run-1.keras").rename(tmp_path / "away.keras")
    with pytest.raises(InputError, match="with --follow_forms=False, not True; choose"):
        gain(**generator_flags)
    gain(**generator_flags, follow_forms=False)
    (tmp_path / "away.keras").rename(tmp_path / "run-1.keras")
    with pytest.raises(InputError, match="with --style_hands=real, not fonts,real;"):
        gain(**generator_flags, style_hands=["real", "fonts"])
    # Beside a set with other settings it stays what it is.
    sets = [f"gan={folder.with_name('gan-{writers}')}/manifest.json"]
    again = [one.replace("gan=", "two=") for one in generator_flags["generator"]]
    gain(
        **{**generator_flags, "generated": sets, "generator": again},
        style_images=2,
        arms=["gan", "two"],
    )
    assert untrained[4:] == ["two/1/0", "two/1/1"]


@one_backend
def test_a_generator_writes_as_it_is_told(
    gain, untrained, tmp_path, generator_flags, characters
):
    from hwgen_keras.models import Classifier, ImageEncoder

    for amount in (0, 1):
        reader = Classifier(ImageEncoder(widths=(8, 16)), len(characters))
        reader.build()
        reader.save(tmp_path / f"reader-{amount}.keras")
    told = {
        **generator_flags,
        "writers": ["0", "1"],
        "simulated_writers": 6,
        "style_hands": ["simulated", "real"],
        "content": "both",
        "style_images": 2,
        "reader": f"{tmp_path}/reader-{{writers}}.keras",
        "min_content_score": 0.0,
        "max_attempts": 3,
        "reject_duplicates": False,
        "arms": ["strokes", "gan only"],
        "seeds": 1,
    }
    # A mistake that generate finds binds nothing.
    with pytest.raises(InputError, match="--sampling_steps is for a diffusion model"):
        gain(**told, sampling_steps=3)
    gain(**told)
    folder = tmp_path / "gain" / "generated"
    for amount, hands in ((0, ["simulated"]), (1, ["real", "simulated"])):
        text = (folder / f"gan-{amount}" / "generation.json").read_text("utf-8")
        flags = json.loads(text)["flags"]
        assert flags["style_hands"] == hands and flags["content"] == "both"
        assert flags["style_images"] == 2 and flags["max_attempts"] == 3
        assert flags["reader"] == str(tmp_path / f"reader-{amount}.keras")
        assert hands_of(folder / f"gan-{amount}") <= {f"pen-{n:04d}" for n in range(6)}
    assert sorted(untrained) == [
        "gan only/0/0",
        "gan only/1/0",
        *[f"strokes/{n}/0" for n in (0, 1)],
    ]
    with pytest.raises(InputError, match="with --max_attempts=3, not 4; choose"):
        gain(**{**told, "max_attempts": 4})


@one_backend
def test_no_set_without_a_hand(gain, untrained, tmp_path, generator_flags):
    told = {**generator_flags, "writers": ["0"], "arms": ["fonts", "gan only"]}
    gain(**told)
    assert not (tmp_path / "gain" / "generated").exists()
    # What is one for all amounts may have learned from real writers.
    one = [f"gan={tmp_path}/run-1.keras"]
    gain(**{**told, "generator": one, "style_hands": ["fonts"]})
    assert not (tmp_path / "gain" / "generated").exists()
    gain(**told, style_hands=["fonts", "real"])
    assert hands_of(tmp_path / "gain" / "generated" / "gan-0") == {
        "IPAexGothic Regular"
    }


@one_backend
def test_two_processes(gain, tmp_path, monkeypatch):
    for name in gain_runs.threads(2):
        monkeypatch.setenv(name, "1")
    gain(arms=["classical"], processes=2)
    runs = tmp_path / "gain" / "runs" / "classical" / "1"
    assert sorted(path.name for path in runs.iterdir()) == ["0", "1"]


def test_simulated_writers_do_not_count_as_real(
    handwriting, characters, tmp_path, monkeypatch, tiny_font
):
    from experiments import recipes, train_classifier
    from hwgen_keras.data import FONT, GENERATED, HANDWRITING

    seen = {}

    def sampler(options, store, **arguments):
        seen.update(arguments)
        raise InputError("Enough is known.")

    monkeypatch.setattr(recipes, "augmented_sampler", sampler)
    listed = tmp_path / "文字.txt"
    listed.write_text("\n".join(characters) + "\n", encoding="utf-8")
    options = common.options(
        train_classifier.FLAGS,
        train_classifier.EXTRA,
        train=[handwriting("train", [0])],
        generated=[handwriting("made", [1])],
        fonts=[str(tiny_font)],
        simulated_writers=2,
        characters=str(listed),
        real_share=0.4,
        size="tiny",
        run_dir=str(tmp_path / "run"),
    )
    with pytest.raises(InputError, match="Enough"):
        train_classifier.main(options)
    kinds = list(seen["kinds"])
    assert kinds == (
        [FONT] * 6 + [HANDWRITING] * 6 + [recipes.SIMULATED] * 12 + [GENERATED] * 6
    )
    assert seen["kind_weights"] == pytest.approx(
        {HANDWRITING: 0.4, FONT: 0.2, GENERATED: 0.2, recipes.SIMULATED: 0.2}
    )
