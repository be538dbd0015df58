"""python docs/forms.py

Draws docs/forms.png: for each of four simulated hands that lean or stretch characters,
what the hand wrote; what jis1-generator of saved_models/ writes in it; and that with
glyphs bent to the hand's forms.
"""

import pathlib

import numpy as np
from PIL import Image

import hwgen_keras as hw

FOLDER = pathlib.Path(__file__).parent
# The generator learned from the simulated writers 0 to 23.
HANDS = (1002, 1003, 1006, 1008)
SHOWN = "いろはにほへとちりぬるを春夏秋冬山川草木"
TEXT = "あきせねまや田国東書道風"


def main():
    generator = hw.load(FOLDER.parent / "saved_models" / "jis1-generator")
    blocks = []
    for seed in HANDS:
        writer = hw.PenWriter(seed)
        hand = [writer.draw(c, image_size=64, margin=0.08) for c in SHOWN]
        rows = [[writer.draw(c, image_size=64, margin=0.08) for c in TEXT]]
        for told in (None, SHOWN):
            rows.append(generator.write(TEXT, hand, style_text=told, style_images=4))
        blocks += [np.concatenate(list(row), axis=1) for row in rows]
        blocks.append(np.full((16, blocks[0].shape[1]), 255, np.uint8))
    Image.fromarray(np.concatenate(blocks[:-1])).save(FOLDER / "forms.png")


if __name__ == "__main__":
    main()
