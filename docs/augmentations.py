"""python docs/augmentations.py

Draws docs/augmentations.png: what each augmentation and each mix does to kana of
IPAexGothic (from the package matplotlib-fontja).
"""

import importlib.util
import pathlib

import matplotlib
import numpy as np
from PIL import Image

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import (
    AUGMENTATIONS,
    MIXES,
    ClassificationSampler,
    feed,
    font_store,
    mixing,
)
from hwgen_keras.sources import find_fonts

KANA = CharacterSet("twelve", "あきすぬのほみむれアネヲ")


def main():
    matplotlib.use("agg")
    from matplotlib import pyplot

    package = importlib.util.find_spec("matplotlib_fontja")
    font = pathlib.Path(package.origin).parent / "fonts" / "ipaexg.ttf"
    store = font_store(find_fonts([font]), KANA, 96, progress=False)
    sheet = []
    for name in AUGMENTATIONS:
        # The seeds of the rows, and so the randomness, are the same in each line.
        sampler = ClassificationSampler(store, affine_strength=float(name == "affine"))
        (batch,) = feed(store, sampler, len(KANA), 1, augment=[name], kind="tf")
        order = np.argsort(batch["label"])
        sheet.append(np.hstack(batch["image"].numpy()[order, ..., 0]))
    sampler = ClassificationSampler(store)
    for name in MIXES[1:]:
        outputs = mixing(name, len(KANA))
        ((image, _),) = feed(store, sampler, len(KANA), 1, outputs=outputs, kind="tf")
        order = np.argsort(sampler.epoch(0)["label"])
        sheet.append(np.hstack(image.numpy()[order, ..., 0]))
    sheet = np.vstack(sheet)
    height, width = sheet.shape
    figure = pyplot.figure(figsize=(width / 100 + 1.5, height / 100), dpi=80)
    axes = figure.add_axes([1.5 / (width / 100 + 1.5), 0, 1, 1])
    axes.imshow(sheet, cmap="gray", vmin=-1, vmax=1, aspect="equal")
    axes.set_anchor("W")
    names = AUGMENTATIONS + MIXES[1:]
    axes.set_yticks(96 * np.arange(len(names)) + 48, names)
    axes.set_xticks([])
    axes.set_frame_on(False)
    axes.tick_params(length=0, labelsize=13)
    path = pathlib.Path(__file__).with_suffix(".png")
    figure.savefig(path)
    # A quarter of the bytes, and as good for the eye.
    with Image.open(path) as image:
        image.convert("L").quantize(16).save(path, optimize=True)


if __name__ == "__main__":
    main()
