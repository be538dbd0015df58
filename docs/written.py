"""python docs/written.py

Draws docs/written.png: what the model jis1-writer of saved_models/ writes in hands
that it has not seen. A row is a hand: four of its images, then what was written in it.
"""

import pathlib

import numpy as np
from PIL import Image

import hwgen_keras as hw

FOLDER = pathlib.Path(__file__).parent
# The stroke writer learned from the simulated writers 0 to 239.
HANDS = range(1000, 1005)
# It is shown all of them, of which the picture shows four.
STYLE = "春いハ語永道国書言東あの"
SHOWN = 4


def main():
    stroke_writer = hw.load(FOLDER.parent / "saved_models" / "jis1-writer")
    rng = np.random.default_rng(0)
    kana, kanji = list(hw.character_set("kana")), list(hw.character_set("jis1"))[92:]
    text = [*rng.choice(kana, 4, replace=False), *rng.choice(kanji, 6, replace=False)]
    rows = []
    for seed in HANDS:
        writer = hw.PenWriter(seed)
        hand = [
            writer.draw(character, image_size=64, margin=0.1) for character in STYLE
        ]
        written = stroke_writer.write(text, hand, style_text=STYLE, image_size=64)
        gap = np.full((64, 24), 255, np.uint8)
        rows.append(np.concatenate([*hand[:SHOWN], gap, *written], axis=1))
    Image.fromarray(np.concatenate(rows)).save(FOLDER / "written.png")


if __name__ == "__main__":
    main()
