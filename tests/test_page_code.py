"""The Python code of the pages runs as it stands, page by page."""

import inspect
import json
import pathlib
import shutil

import etl_files
import numpy as np
import pytest
from hand_folder import characters_file, hand_folder
from networks import BACKEND, generator
from page_commands import blocks
from PIL import Image
from stroke_writers import stroke_writer

import hwgen_keras as hw
from experiments import train_classifier

# What is loaded here computes on every backend, see test_inference.
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

ROOT = pathlib.Path(__file__).parent.parent
# Pages whose code needs exported models, or is a recipe with a test of its own.
ELSEWHERE = {
    "docs/extending.md": "test_docs.py",
    "docs/how-to/distributed.md": "test_recipes.py",
    "docs/how-to/export.md": "test_recipes.py",
    "docs/how-to/generation.md": "test_sets.py",
    "docs/how-to/recipes.md": "test_recipes.py",
    "saved_models/README.md": "test_recipes.py",
}
CODE = {
    page.relative_to(ROOT).as_posix(): "\n".join(found)
    for page in sorted(
        [
            ROOT / "README.md",
            *ROOT.glob("docs/**/*.md"),
            *ROOT.glob("saved_models/**/*.md"),
        ]
    )
    if (found := blocks(page.read_text("utf-8"), "python"))
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_font):
    """A folder with what the pages read: hands, scans, fonts, a run, files of ETL."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "saved_models").symlink_to(ROOT / "saved_models")
    for name in ("hanako/images", "images_of_one_hand", "scans"):
        hand_folder(folder / name)
    shutil.copy(folder / "scans" / "い_1.png", folder / "scan.png")
    images = [f"images/{c}_{n}.png" for n, c in enumerate("あいうか")]
    samples = {pathlib.Path(path).name[0]: [path] for path in images}
    (folder / "hanako" / "manifest.json").write_text(json.dumps(samples), "utf-8")
    (folder / "fonts").mkdir()
    shutil.copy(tiny_font, folder / "fonts")
    run = folder / "runs" / "generator" / "step_end"
    run.mkdir(parents=True)
    network = generator("adain", multipliers=(1,))
    network.build()
    network.save(run / "generator.keras")
    (folder / "runs" / "writer").mkdir()
    stroke_writer(steps=1, points=24).save(folder / "runs/writer/generator.keras")
    flags = {"characters": characters_file(folder, "あ永字"), "image_size": 16}
    config = {"experiment": "train_generator-step_end", "flags": flags}
    (run / "config.json").write_text(json.dumps(config))
    (folder / "ETL").mkdir()
    noise = etl_files.noise("8G")
    records = [
        etl_files.record("8G", noise, jis=code, sheet=1, age=30)
        for code in etl_files.jis_codes(100)
    ]
    etl_files.write(folder / "ETL" / "ETL8G_01", "8G", records)
    return folder


@pytest.fixture(scope="module")
def load():
    """`hw.load`, which builds each model once."""
    original, loaded = hw.load, {}

    def load(name, **values):
        key = pathlib.Path(name).name
        if key not in loaded:
            loaded[key] = original(name, **values)
        return loaded[key]

    return load


@pytest.mark.parametrize("page", [name for name in CODE if name not in ELSEWHERE])
def test_the_code_of_a_page_runs(page, folder, load, characters, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(hw, "load", load, raising=False)
    trained = []
    monkeypatch.setattr(train_classifier, "main", trained.append)
    # Exported models are loaded in test_recipes.
    given = inspect.signature(hw.load_exported)
    monkeypatch.setattr(hw, "load_exported", given.bind, raising=False)
    png = pathlib.Path("scan.png").read_bytes()
    names = {"characters": characters, "png": png}
    exec(compile(CODE[page], page, "exec"), names)
    check(page, names, capsys.readouterr().out, trained)


def check(page, names, printed, trained):
    """What the code of a page should have made."""
    if page == "README.md":
        # The reader reads what the generator wrote, as the picture beside it shows.
        assert all(f"'{character}'" in printed for character in "あ永字八法")
        with Image.open("あ.png") as image:
            assert image.size == (64, 64)
    elif page == "docs/get-started.md":
        assert names["images"].shape == (3, 16, 16) and "⿰" in printed
        assert names["image"].shape == (64, 64) and len(names["fonts"]) == 92
    elif page == "docs/how-to/etl.md":
        assert names["levels"].shape == (100, 127, 128) and names["ages"][0] == 30
    elif page == "docs/reference/data-store.md":
        assert names["scan"].shape == (48, 48)
    elif page == "docs/how-to/strokes.md":
        assert tuple(names["image"].shape) == (1, 64, 64, 1)
        assert names["quality"].fault is None
    elif page.endswith(("jis1-generator/README.md", "jis1-writer/README.md")):
        assert names["images"].shape == (3, 64, 64)
    elif page.endswith("jis1-reader/README.md"):
        assert np.shape(names["characters"]) == (6, 5)
    elif page.endswith("jis1-clip/README.md"):
        assert set(names["found"][0]) < set("日月明朋")
        assert names["vectors"].shape == (2, 128)
    assert bool(trained) == (page in ("docs/get-started.md", "docs/how-to/training.md"))
    assert all(settings.run_dir == "runs/real" for settings in trained)


def test_the_code_of_every_page_has_a_test():
    assert ELSEWHERE.keys() < CODE.keys()
    for page, test in ELSEWHERE.items():
        assert pathlib.Path(page).name in (ROOT / "tests" / test).read_text("utf-8")
