"""python docs/looks.py

Draws docs/looks.png, the looks of written characters, and prints the table of
docs/how-to/generation.md: how many of them jis1-reader reads, and the processor's time
to draw one. Rows of the picture: a
hand clean, with each pen, and as scans of each kind.
"""

import pathlib
import time

import numpy as np
from PIL import Image

import hwgen_keras as hw
from hwgen_keras.evaluation import text_table
from hwgen_keras.sources.looks import PENS, SCANNERS, draw_pen, draw_scanner

FOLDER = pathlib.Path(__file__).parent
TEXT = "永あぬ国語書道愛飛る"
SIZE = 64
# jis1-reader learned from the simulated writers 0 to 23.
HANDS = [hw.PenWriter(seed) for seed in range(1000, 1010)]
CHARACTERS = 500


def penned(kind):
    """A function that draws with a pen of a kind, another for each hand."""

    def draw(track, hand, row):
        pen = draw_pen(np.random.default_rng(HANDS.index(hand)), kind)
        ink = pen.draw(track, SIZE, np.random.default_rng((row, 0)), 0.08)
        return np.round(255 * (1 - ink)).astype(np.uint8)

    return draw


def scanned(kind):
    """A function that draws what scanners of a kind make of all pens."""

    def draw(track, hand, row):
        ink = hw.Look("pen").ink(track, SIZE, hand.name, row)
        scanner = draw_scanner(np.random.default_rng(HANDS.index(hand)), kind)
        return scanner.scan(ink, np.random.default_rng((row, 1)))

    return draw


def looking(name):
    """A function that draws as `hw.Look` does."""
    return lambda track, hand, row: hw.Look(name).draw(track, SIZE, hand.name, row)


LOOKS = {"`clean`": looking("clean"), "`pen`": looking("pen")}
LOOKS |= {kind: penned(kind) for kind in PENS}
LOOKS |= {"`scan`": looking("scan")}
LOOKS |= {kind: scanned(kind) for kind in SCANNERS}


def picture():
    """Writes docs/looks.png."""
    rows = []
    kinds = [name for name in LOOKS if name not in ("`pen`", "`scan`")]
    for hand, name in zip(HANDS, kinds, strict=False):
        draw = LOOKS[name]
        images = [draw(hand.track(c), hand, row) for row, c in enumerate(TEXT)]
        rows.append(np.concatenate(images, axis=1))
    image = Image.fromarray(np.concatenate(rows)).quantize(32)
    image.save(FOLDER / "looks.png", optimize=True)


def table():
    """How many characters are read in each look, and how long they take to draw."""
    rng = np.random.default_rng(0)
    text = rng.choice(list(hw.character_set("jis1")), CHARACTERS, replace=False)
    hands = [HANDS[row % len(HANDS)] for row in range(CHARACTERS)]
    tracks = [hand.track(c) for hand, c in zip(hands, text, strict=True)]
    reader = hw.load(FOLDER.parent / "saved_models" / "jis1-reader")
    rows = []
    for name, draw in LOOKS.items():
        start = time.process_time()
        images = [
            draw(track, hand, row)
            for row, (track, hand) in enumerate(zip(tracks, hands, strict=True))
        ]
        seconds = time.process_time() - start
        read = reader.read(np.stack(images), top_k=5)[0]
        pairs = list(zip(text, read, strict=True))
        shares = [np.mean([c == best[0] for c, best in pairs])]
        shares.append(np.mean([c in best for c, best in pairs]))
        shares = [f"{100 * share:.1f}" for share in shares]
        rows.append([name, *shares, f"{1000 * seconds / CHARACTERS:.2f}"])
    print(text_table(["look", "read %", "in the first five %", "ms"], rows))


if __name__ == "__main__":
    picture()
    table()
