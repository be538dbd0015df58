"""PYTHONPATH=tests python docs/browser.py

Draws docs/browser.png: the page of web/ as `make web` built it, in Chromium, when four
characters were drawn and a text was written in their hand. That hand is a simulated
writer's, which the stroke writer has not seen.
"""

import pathlib

from browsers import chromium, served
from PIL import Image
from web_page import Visit

import hwgen_keras as hw

ROOT = pathlib.Path(__file__).parent.parent
FILE = ROOT / "docs" / "browser.png"
SEED = 1003
SIZE = {"width": 1100, "height": 860}
TEXT = "春はあけぼの\nやうやう白く\nなりゆく山ぎは"


def main():
    writer = hw.PenWriter(SEED)
    # Without motion the text is there at once.
    look = {"color_scheme": "light", "reduced_motion": "reduce"}
    with chromium() as browser, served(ROOT / "build/web") as (address, _):
        visit = Visit(browser, address, viewport=SIZE, **look)
        visit.open()
        for number, character in enumerate("春夏秋冬"):
            track = writer.track(character)
            down = track.radii.max(axis=1) > 0
            canvas = visit.page.locator("#pads canvas").nth(number)
            visit.draw(canvas, track.points[down].tolist())
        visit.page.evaluate("scrollTo(0, 0)")
        visit.write(TEXT)
        visit.page.screenshot(path=FILE)
        visit.close()
    # Few colours: the picture stands in README.md.
    with Image.open(FILE) as image:
        image.convert("RGB").quantize(48).save(FILE, optimize=True)


if __name__ == "__main__":
    main()
