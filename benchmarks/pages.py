"""python benchmarks/pages.py

How badly a photo of a filled practice sheet may be taken: one kind of harm at a time is
made worse, step by step, on pages of simulated writers. A line is one step:

    written   cells that were recovered, of those written on
    invented  empty cells in which something was read
    alike     correlation with what was written: the least, and the 5 % quantile
    flagged   share of cells listed as suspicious

A page that is not found, or whose code is not read, is `refused`. Also prints the time
that a photo of 12 megapixels takes. `--pictures=docs` makes the pictures of
docs/how-to/pages.md instead.
"""

import argparse
import importlib.util
import pathlib
import sys
import time

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from pages import fill_page, photograph, written_share  # noqa: E402

from experiments.pages.output import page_picture  # noqa: E402
from hwgen_keras.characters import CharacterSet, character_set  # noqa: E402
from hwgen_keras.errors import InputError  # noqa: E402
from hwgen_keras.evaluation import contact_sheet  # noqa: E402
from hwgen_keras.sources import clean_image, find_fonts  # noqa: E402
from hwgen_keras.sources.pages.cells import read_cells  # noqa: E402
from hwgen_keras.sources.pages.layout import make_layout  # noqa: E402
from hwgen_keras.sources.pages.rectify import (  # noqa: E402
    PIXELS_PER_MM,
    flatten_page,
)
from hwgen_keras.sources.pages.sheet import choose_fonts  # noqa: E402

EMPTY = (3, 17, 50, 80)
# A photo as people take them; each sweep makes one thing of it worse.
USUAL = {
    "height": 2400,
    "turn": 2.0,
    "tilt": 0.05,
    "shadow": 0.25,
    "blur": 1.0,
    "noise": 4.0,
    "quality": 80,
}
SWEEPS = {
    "height": (3600, 1800, 1400, 1200, 1000, 900, 800, 700),
    "turn": (0.0, 8.0, 15.0, 30.0, 44.0),
    "tilt": (0.1, 0.2, 0.3, 0.4, 0.5),
    "bulge": (0.01, 0.02, 0.04, 0.06),
    "curl": (0.005, 0.01, 0.015, 0.02),
    "shadow": (0.4, 0.5, 0.6, 0.7, 0.8),
    "shadow_edge": (0.1, 0.05, 0.02, 0.005),
    "blur": (2.0, 3.0, 4.0, 5.0, 6.0),
    "noise": (8.0, 12.0, 16.0, 24.0),
    "quality": (50, 30, 20, 10, 5),
    "ink": (90, 120, 150, 165, 180),
    "paper": (180, 130, 90, 60),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[2])
    parser.add_argument("--writers", type=int, default=3)
    parser.add_argument("--characters", default="kana")
    parser.add_argument("--sweep", choices=list(SWEEPS), action="append")
    parser.add_argument("--pictures", type=pathlib.Path)
    options = parser.parse_args()
    package = importlib.util.find_spec("matplotlib_fontja")
    fonts = find_fonts(pathlib.Path(package.origin).parent / "fonts")
    characters = character_set(options.characters)
    # One page is enough.
    characters = CharacterSet("page", list(characters)[:110])
    layout = make_layout(characters)
    fonts = choose_fonts(fonts, characters)
    pages = Pages(layout, fonts, options.writers)
    if options.pictures:
        return make_pictures(pages, options.pictures)

    print(f"{'harm':12}{'step':>8}{'written':>12}{'invented':>10}{'alike':>14}", end="")
    print(f"{'flagged':>9}")
    print(f"{'usual':12}{'':>8}{pages.line({})}")
    for name in options.sweep or SWEEPS:
        for value in SWEEPS[name]:
            print(f"{name:12}{value:8g}{pages.line({name: value})}", flush=True)
    photo = pages.photo(0, {"height": 3700})
    start = time.process_time()
    read_cells(flatten_page(photo), layout, 128)
    seconds = time.process_time() - start
    print(f"{photo.size / 1e6:.1f} megapixels in {seconds:.2f} s of one core")


def make_pictures(pages, folder):
    """Saves what a photo becomes: pages-photo.jpg and pages-cells.jpg."""
    hard = {"turn": 7.0, "tilt": 0.15, "curl": 0.008, "shadow": 0.6, "noise": 6.0}
    photo = pages.photo(1, {**hard, "quarter_turns": 1})
    flat = flatten_page(photo)
    read = read_cells(flat, pages.layout, 96)
    pens = read_cells(flat, pages.layout, 96, stroke_width=0)
    upright = Image.fromarray(np.rot90(photo))
    framed = page_picture(flat, pages.layout, read, PIXELS_PER_MM).convert("L")
    pair = [upright.resize((560 * upright.width // upright.height, 560)), framed]
    pair[1] = framed.resize((560 * framed.width // framed.height, 560))
    both = Image.new("L", (sum(image.width for image in pair) + 8, 560), 255)
    both.paste(pair[0], (0, 0))
    both.paste(pair[1], (pair[0].width + 8, 0))
    both.save(folder / "pages-photo.jpg", quality=80)
    truth = pages.fill(1, 30)[1]
    chosen = [place for place in list(truth)[::3] if read[place].image is not None][:20]
    columns = {
        "photo": [read[place].seen for place in chosen],
        "pen": [pens[place].image for place in chosen],
        "cleaned": [read[place].image for place in chosen],
        "written": [clean_image(truth[place], 96) for place in chosen],
    }
    sheet = contact_sheet({k: np.stack(v) for k, v in columns.items()}, 64, blocks=4)
    sheet.save(folder / "pages-cells.jpg", quality=80)


class Pages:
    """Filled pages of several writers, by the darkness of their ink."""

    def __init__(self, layout, fonts, writers):
        self.layout, self.fonts, self.writers = layout, fonts, writers
        self.filled = {}

    def photo(self, writer, changes):
        changes = dict(changes)
        pixels, _ = self.fill(writer, changes.pop("ink", 30))
        return photograph(pixels, seed=writer, **{**USUAL, **changes})

    def fill(self, writer, ink):
        if (writer, ink) not in self.filled:
            self.filled[writer, ink] = fill_page(
                self.layout, 1, self.fonts, seed=writer, empty=EMPTY, ink=ink
            )
        return self.filled[writer, ink]

    def line(self, changes):
        """One line of the table."""
        found = written = invented = flagged = refused = 0
        alike = []
        for writer in range(self.writers):
            _, truth = self.fill(writer, changes.get("ink", 30))
            try:
                flat = flatten_page(self.photo(writer, changes))
            except InputError:
                refused += 1
                continue
            assert (flat.identity, flat.page) == (self.layout.identity, 1)
            written += len(truth)
            # Strokes keep their width: only what was read is compared.
            for position, cell in enumerate(
                read_cells(flat, self.layout, 64, stroke_width=0)
            ):
                if cell.image is None:
                    continue
                flagged += bool(cell.reasons)
                if position not in truth:
                    invented += 1
                    continue
                found += 1
                alike.append(written_share(cell.image, truth[position]))
        if not alike:
            return f"{'refused':>12}" if refused else f"{'nothing read':>14}"
        least, low = min(alike), np.quantile(alike, 0.05)
        text = f"{found:7d}/{written:4d}{invented:10d}{least:8.2f}{low:6.2f}"
        text += f"{flagged / len(alike):8.0%}"
        return text + (f"  ({refused} of {self.writers} refused)" if refused else "")


if __name__ == "__main__":
    main()
