"""The figures in the pages are those that were measured."""

import json
import pathlib
import re
import runpy
import types

import pytest

from experiments import demo
from hwgen_keras import training
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free

ROOT = pathlib.Path(__file__).parent.parent
figures = types.SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "figures.py")))
STORED = json.loads(figures.STORED.read_text("utf-8"))


@pytest.mark.parametrize("page", figures.PAGES)
def test_a_page_shows_what_is_stored(page):
    text = (ROOT / page).read_text("utf-8")
    content = figures.PAGES[page](STORED)
    assert figures.filled(text, content) == text
    for row in STORED["recognisers"][-3:]:
        assert f"{100 * row['accuracy_mean']:.1f} ± " in content


def test_what_is_stored_is_a_fresh_machines():
    assert STORED["fonts"] == ["IPAexGothic Regular"]
    assert [row["arm"] for row in STORED["recognisers"]] == list(demo.ARMS)
    assert {row["seeds"] for row in STORED["recognisers"]} == {demo.SEEDS}
    assert STORED["images"] == demo.HIRAGANA * len(demo.TEST_WRITERS)
    assert STORED["minutes"].keys() == demo.PARTS.keys()
    assert STORED["backend"] == "tensorflow"
    assert {"tensorflow", "keras", "numpy", "python"} < STORED["versions"].keys()


@pytest.fixture
def run(tmp_path):
    """A function, flags → the folder of a demo with these flags, without trainings."""

    def make(**flags):
        settings = demo.Settings(run_dir=tmp_path / "demo", **flags)
        with training.Run("demo", settings) as run:
            metrics = {key: STORED[key] for key in ("recognisers", "images", "fonts")}
            run.write_json("metrics.json", {**metrics, "minutes": {"all": 1.234}})
        return run.folder

    return make


def test_a_run_is_taken_as_it_was_measured(run):
    found = figures.measured(run())
    assert found["recognisers"] == STORED["recognisers"]
    assert found["minutes"] == {"all": 1.2} and found["seed"] == 0
    assert found["versions"]["keras"] and found["backend"] in found["versions"]


@pytest.mark.parametrize("flags", [{"quick": True}, {"seed": 1}, {"fonts": ["a.ttf"]}])
def test_other_runs_than_the_plain_demo_are_refused(run, flags):
    with pytest.raises(InputError, match="had flags; the figures are those of a demo"):
        figures.measured(run(**flags))


def test_a_run_that_has_not_ended_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no metrics.json"):
        figures.measured(tmp_path)


def test_a_page_without_a_marked_place_is_refused():
    place = "<!-- make figures -->\nold\n<!-- end -->\n"
    assert figures.filled(f"a\n{place}b", "new\n\\1") == "a\n" + place.replace(
        "old", "new\n\\1"
    ) + ("b")
    for text in ("a", 2 * place):
        with pytest.raises(InputError, match="A page needs one place"):
            figures.filled(text, "new")


def rows(page, heading):
    """{first cell: the other cells} of the tables from a heading to the next."""
    text = (ROOT / page).read_text("utf-8").partition(heading)[2].partition("\n## ")[0]
    lines = re.findall(r"(?m)^\| (.*) \|$", text)
    cells = ([cell.strip() for cell in line.split("|")] for line in lines)
    return {name: [cell for cell in more if cell] for name, *more in cells}


def test_the_readme_repeats_the_figures_of_the_study():
    study = rows("docs/explanation/gain.md", "## Kana: a generator")
    readme = rows("README.md", "## Results")
    for name, arm in {
        "real, with affine and elastic augmentation": "classical",
        "+ fonts and simulated writers": "fonts+strokes",
        "+ generated": "adain",
        "+ fonts, simulated writers and generated": "adain+fonts+strokes",
    }.items():
        assert readme[name] == study[arm][-2:]


def test_two_pages_agree_on_the_generators_that_three_writers_taught():
    study = rows("docs/explanation/gain.md", "## Generators that learned from the")
    other = rows("docs/explanation/diffusion.md", "## Diffusion beside AdaIN")
    for name, arm in {
        "real, affine and elastic": "classical",
        "and AdaIN, seed 0 / seed 1 of the generator": "adain0, adain1",
        "and diffusion, seed 0 / seed 1": "diffusion0, diffusion1",
        "and fonts and simulated writers, no generator": "fonts+strokes",
        "all of these and AdaIN, seed 0 / seed 1": "adain0, adain1 +fonts+strokes",
        "all of these and diffusion, seed 0 / seed 1": (
            "diffusion0, diffusion1 +fonts+strokes"
        ),
    }.items():
        assert other[name] == [study[arm][0].replace(", ", " / ")]


def test_every_page_with_measured_figures_says_where_they_come_from():
    listed = (ROOT / "docs/reference/figures.md").read_text("utf-8")
    for page in (ROOT / "docs/explanation").glob("*.md"):
        # This one compares the code with the original's.
        assert f"explanation/{page.name})" in listed or page.name == "fidelity.md"


def test_get_started_repeats_the_minutes_of_a_card():
    card = (ROOT / "saved_models/jis1-generator/README.md").read_text("utf-8")
    page = " ".join((ROOT / "docs/get-started.md").read_text("utf-8").split())
    (minutes,) = re.findall(r"(?m)^generator: 1,800 steps .*?; ([\d.]+) minutes", card)
    assert f"1,800 steps of one stage of the shipped generator took {minutes} " in page
