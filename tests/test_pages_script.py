"""prepare_pages as a user runs it: sheet, photos, sorted folders, and mistakes."""

import errno
import json
from pathlib import Path

import numpy as np
import pages
import pytest
from PIL import Image

from experiments import prepare_pages
from hwgen_keras.data import read_manifest
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter, find_fonts, read_image
from hwgen_keras.sources.pages.layout import read_layout
from hwgen_keras.sources.pages.sheet import choose_fonts

pytestmark = pytest.mark.backend_free

TEXT = "あいうかきく"


def run(**values):
    """`main` of the script with some settings, the rest at their defaults."""
    return prepare_pages.main(prepare_pages.Settings(**values))


@pytest.fixture(scope="module")
def sheet(tmp_path_factory, tiny_font):
    """(folder with 帳.json, filled pages by number, written by page and place)."""
    folder = tmp_path_factory.mktemp("練習 帳")
    characters = folder / "文字.txt"
    characters.write_text("\n".join(TEXT), encoding="utf-8")
    pdf, layout = run(
        sheet=str(folder / "帳.pdf"),
        characters=str(characters),
        fonts=[str(tiny_font)],
        box=40.0,
        count=4,
    )
    assert pdf.read_bytes().startswith(b"%PDF")
    layout = read_layout(layout)
    assert len(layout.pages) == 2
    fonts = choose_fonts(find_fonts(tiny_font), TEXT)
    filled = {
        page: pages.fill_page(layout, page, fonts, seed=page, empty=(3,))
        for page in (1, 2)
    }
    return folder, filled


def save_photo(sheet, file, page, **spoiled):
    photo = pages.photograph(sheet[1][page][0], **{"height": 1200, **spoiled})
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo).save(file)
    return photo


@pytest.fixture
def read(sheet, tmp_path):
    """Reads photos in tmp_path/写真 by Hanako into tmp_path/out."""

    def read(**values):
        options = {
            "layout": str(sheet[0] / "帳.json"),
            "photos": [str(tmp_path / "写真")],
            "writer": "花子",
            "output": str(tmp_path / "out"),
            "image_size": 48,
        }
        return run(**{**options, **values})

    return read


def entries(manifest):
    """All samples of the bytes of a manifest."""
    return [entry for listed in json.loads(manifest).values() for entry in listed]


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


class TestPhotos:
    def test_pages_in_any_order_become_a_manifest(self, sheet, tmp_path, read, capsys):
        save_photo(sheet, tmp_path / "写真/a.jpg", 2, quarter_turns=1)
        # A photo whose camera was held upside down, and told so.
        information = Image.Exif()
        information[0x0112] = 3
        turned = pages.photograph(sheet[1][1][0], 1200, quarter_turns=2)
        Image.fromarray(turned).save(tmp_path / "写真/b.png", exif=information)
        manifest = read()
        samples = read_manifest(manifest)
        assert {sample.writer for sample in samples} == {"花子"}
        # Of each page one cell is empty.
        layout = read_layout(sheet[0] / "帳.json")
        written = sum(map(len, layout.pages)) - 2
        assert len(samples) == written
        for sample in samples:
            image = read_image(sample.path)
            assert image.shape == (48, 48)
            key, place = sample.path.stem.rsplit("-", 1)
            truth = sheet[1][int(key[-3:])][1][int(place) - 1]
            assert layout.pages[int(key[-3:]) - 1][int(place) - 1] == sample.character
            assert pages.written_share(image, truth) > 0.6
        review = json.loads((tmp_path / "out/review.json").read_text("utf-8"))
        cells = [cell for page in review["pages"].values() for cell in page["cells"]]
        assert sum(cell["image"] is None for cell in cells) == 2
        html = (tmp_path / "out/review.html").read_text("utf-8")
        assert "2 empty" in html and "row 2, column 1" in html
        assert f"{written} images" in capsys.readouterr().out

    def test_running_again_adds_nothing_and_new_photos_are_added(
        self, sheet, tmp_path, read, capsys
    ):
        save_photo(sheet, tmp_path / "写真/a.png", 1)
        first = read().read_bytes()
        assert "without a photo: 2\n" in capsys.readouterr().out
        before = files(tmp_path / "out")
        assert read().read_bytes() == first
        assert files(tmp_path / "out") == before
        save_photo(sheet, tmp_path / "写真/b.png", 2)
        capsys.readouterr()
        added = {Path(s.path).name for s in read_manifest(read())}
        assert added > {Path(e["path"]).name for e in entries(first)}
        assert len(added) == len(sheet[1][1][1]) + len(sheet[1][2][1])
        assert "without a photo" not in capsys.readouterr().out

    def test_the_sharper_of_two_photos_is_taken(self, sheet, tmp_path, read, capsys):
        save_photo(sheet, tmp_path / "写真/a.png", 1, blur=2.5)
        save_photo(sheet, tmp_path / "写真/b.png", 1, blur=0.5)
        save_photo(sheet, tmp_path / "写真/c.png", 1, blur=1.5)
        samples = read_manifest(read())
        said = capsys.readouterr().out
        assert said.count("Page 1 is on two photos; b.png") == 2
        assert len(samples) == len(sheet[1][1][1])
        review = json.loads((tmp_path / "out/review.json").read_text("utf-8"))
        assert [page["photo"] for page in review["pages"].values()] == ["b.png"]
        read()
        assert "two photos" not in capsys.readouterr().out

    def test_suspicious_cells_are_kept_and_shown(self, sheet, tmp_path, read):
        photo = save_photo(sheet, tmp_path / "写真/a.png", 1)
        middle = photo.shape[0] // 2
        photo[middle - 3 : middle + 3, 100:800] = 30
        Image.fromarray(photo).save(tmp_path / "写真/a.png")
        read()
        output = tmp_path / "out"
        review = json.loads((output / "review.json").read_text("utf-8"))
        (page,) = review["pages"].values()
        odd = [cell for cell in page["cells"] if cell["reasons"]]
        assert odd and all((output / cell["seen"]).is_file() for cell in odd)
        assert all((output / cell["image"]).is_file() for cell in odd)
        assert "ink touches the border" in (output / "review.html").read_text("utf-8")
        with Image.open(output / "review.png") as picture:
            assert picture.width > 100
        count = len(read_manifest(output / "manifest.json"))
        (output / odd[0]["image"]).unlink()
        assert len(read_manifest(read())) == count - 1


class TestUselessPhotos:
    def test_each_is_told_and_the_others_are_read(
        self, sheet, tmp_path, read, capsys, rng
    ):
        save_photo(sheet, tmp_path / "写真/good.png", 1)
        Image.new("L", (300, 200), 200).save(tmp_path / "写真/blank.png")
        (tmp_path / "写真/broken.jpg").write_bytes(b"\xff\xd8\xff")
        scene = Image.fromarray(rng.integers(0, 256, (90, 90), np.uint8))
        scene.resize((900, 900)).save(tmp_path / "写真/cat.jpg")
        with pytest.raises(InputError, match="3 photos could not be used"):
            read()
        said = capsys.readouterr().out
        for name in ("blank.png is blank", "broken.jpg is not", "cat.jpg shows none"):
            assert name in said
        samples = read_manifest(tmp_path / "out/manifest.json")
        assert len(samples) == len(sheet[1][1][1])
        for name in ("blank.png", "broken.jpg"):
            (tmp_path / "写真" / name).unlink()
        with pytest.raises(InputError, match="cat.jpg shows none of the four"):
            read()

    def test_a_page_of_another_sheet(self, sheet, tmp_path, read, tiny_font):
        save_photo(sheet, tmp_path / "写真/a.png", 1)
        characters = tmp_path / "other.txt"
        characters.write_text("あ")
        _, other = run(
            sheet=str(tmp_path / "other.pdf"),
            characters=str(characters),
            fonts=[str(tiny_font)],
        )
        with pytest.raises(
            InputError, match="a.png shows page 1 of the sheet .*layout"
        ):
            read(layout=str(other))
        assert not (tmp_path / "out/manifest.json").exists()

    def test_nothing_is_written(self, sheet, tmp_path, read, tiny_font):
        layout = read_layout(sheet[0] / "帳.json")
        fonts = choose_fonts(find_fonts(tiny_font), TEXT)
        page, _ = pages.fill_page(layout, 1, fonts, empty=range(99))
        (tmp_path / "写真").mkdir()
        Image.fromarray(page).save(tmp_path / "写真/a.png")
        with pytest.raises(InputError, match="Nothing is written"):
            read()

    def test_no_photo(self, tmp_path, read):
        with pytest.raises(InputError, match="写真 does not exist"):
            read()
        (tmp_path / "写真").mkdir()
        (tmp_path / "写真/notes.txt").write_text("none")
        with pytest.raises(InputError, match="写真 holds no image"):
            read()


@pytest.fixture
def sorted_folder(tmp_path):
    """Drawings in folders named in each way, and their number."""
    names = {"あ": "あ", "い": "U+3044", "う": "3046", "ノ": "0x30ce", "５": "５"}
    for position, (character, name) in enumerate(names.items()):
        folder = tmp_path / "字 分" / name
        folder.mkdir(parents=True)
        writer = PenWriter(position)
        for sample in range(2):
            drawn = character if writer.covers(character) else "あ"
            image = writer.draw(drawn, 60, sample=sample)
            # White on black now and then.
            image = 255 - image if sample else image
            Image.fromarray(image).save(folder / f"{sample}.png")
    (tmp_path / "字 分" / "あ" / ".hidden.png").write_bytes(b"none")
    return tmp_path / "字 分", set(names)


class TestSortedFolders:
    def read(self, folder, **values):
        output = str(folder.parent / "out")
        return run(**{"folder": str(folder), "writer": "w", "output": output, **values})

    def test_every_image_is_cleaned(self, sorted_folder):
        folder, characters = sorted_folder
        samples = read_manifest(self.read(folder))
        assert {sample.character for sample in samples} == characters
        assert len(samples) == 2 * len(characters)
        for sample in samples:
            image = read_image(sample.path)
            assert image.shape == (128, 128) and image[0].min() == 255
            assert 0 < (image < 128).mean() < 0.4
        again = read_manifest(self.read(folder))
        assert again == samples

    def test_blank_and_unreadable_images(self, sorted_folder, capsys):
        folder, characters = sorted_folder
        Image.new("L", (50, 50), 255).save(folder / "あ" / "blank.png")
        (folder / "あ" / "broken.png").write_bytes(b"none")
        with pytest.raises(InputError, match="broken.png is not an image"):
            self.read(folder)
        assert "1 empty" in capsys.readouterr().out
        samples = read_manifest(folder.parent / "out/manifest.json")
        assert len(samples) == 2 * len(characters)

    @pytest.mark.parametrize("name", ["ああ", "U+110000", "U+D800", "images"])
    def test_a_folder_that_names_no_character(self, sorted_folder, name):
        folder = sorted_folder[0]
        (folder / "あ").rename(folder / name)
        with pytest.raises(InputError, match="names one character"):
            self.read(folder)


class TestMistakes:
    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({}, "Give one of --sheet"),
            ({"folder": "a", "photos": ["b"]}, "2 are given"),
            ({"folder": "a"}, "--writer is needed"),
            ({"folder": "a", "writer": "w"}, "--output is needed"),
            ({"photos": ["a"], "writer": "w", "output": "o"}, "--layout is needed"),
            ({"folder": "a", "writer": "w", "output": "o"}, "a does not exist"),
            ({"sheet": "a.png"}, "must end in .pdf"),
            ({"sheet": "a.pdf", "count": 0}, "--count"),
            ({"sheet": "a.pdf", "box": 3.0, "characters": "kana"}, "--box"),
        ],
    )
    def test_flags(self, values, message, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InputError, match=message):
            run(**values)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("value", [-0.1, 0.5, float("nan")])
    def test_stroke_width(self, value):
        with pytest.raises(InputError, match="--stroke_width"):
            run(folder="a", writer="w", output="o", stroke_width=value)

    def test_an_output_of_another_kind(self, sorted_folder):
        folder, _ = sorted_folder
        values = {"folder": str(folder), "output": str(folder.parent / "out")}
        run(**values, writer="花子")
        with pytest.raises(InputError, match="the writer '花子', not of '太郎'"):
            run(**values, writer="太郎")
        with pytest.raises(InputError, match="--image_size=128, not 64"):
            run(**values, writer="花子", image_size=64)
        foreign = folder.parent / "foreign"
        foreign.mkdir()
        (foreign / "letter.txt").write_text("mine")
        with pytest.raises(InputError, match="choose another output"):
            run(folder=str(folder), output=str(foreign), writer="花子")
        assert [p.name for p in foreign.iterdir() if p.name[0] != "."] == ["letter.txt"]

    def test_a_full_disk(self, sheet, sorted_folder, monkeypatch, tmp_path, tiny_font):
        folder, _ = sorted_folder

        def full(*arguments, **values):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(Image.Image, "save", full)
        with pytest.raises(InputError, match="out cannot be written .No space left"):
            run(folder=str(folder), output=str(tmp_path / "out"), writer="花子")
        monkeypatch.setattr("hwgen_keras.files.os.replace", full)
        with pytest.raises(InputError, match="new.pdf cannot be written .No space"):
            run(
                sheet=str(tmp_path / "new.pdf"),
                characters=str(sheet[0] / "文字.txt"),
                fonts=[str(tiny_font)],
            )
        assert not [p for p in tmp_path.rglob("*") if "partial" in p.name]

    def test_a_sheet_does_not_replace_another(self, sheet, tiny_font):
        with pytest.raises(InputError, match="layout of another sheet"):
            run(sheet=str(sheet[0] / "帳.pdf"), characters="kana")

    def test_a_character_without_a_glyph(self, tmp_path, tiny_font):
        characters = tmp_path / "text.txt"
        characters.write_text("あ\n\U0001f600\n", encoding="utf-8")
        with pytest.raises(InputError, match="No glyph of \U0001f600 in the font"):
            run(
                sheet=str(tmp_path / "a.pdf"),
                characters=str(characters),
                fonts=[str(tiny_font)],
            )
        assert not (tmp_path / "a.pdf").exists()
