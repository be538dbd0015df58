"""python benchmarks/places.py FOLDER [--steps 4000]

How well size and place tell っ from つ. A tiny recogniser learns the characters of
`japanese` that are no kanji from 80 simulated writers, and reads boxes written by 20
others. Large characters leave a share of the box free at each edge; the reader is told
none, that, or another share. Then the pairs that it takes for each other most often,
and those whose glyphs in IPAexGothic are nearly the same. FOLDER keeps the recogniser.
"""

import argparse
import collections
import itertools
import pathlib

import numpy as np
from scipy import ndimage

import hwgen_keras as hw
from experiments import train_classifier
from hwgen_keras.inference.glyphs import default_font
from hwgen_keras.sources.images import keeps_place

SIDE, MARGINS = 32, (0.0, 0.08, 0.2)
KANA = 92


def learn(folder, characters, steps):
    """The path of a recogniser that learned from simulated writers."""
    listed, store = folder / "characters.txt", folder / "pens.store"
    listed.write_text("\n".join(characters) + "\n", encoding="utf-8")
    hw.simulated_store(range(100, 180), characters, SIDE).save(store)
    settings = train_classifier.Settings(
        train=(str(store),),
        characters=str(listed),
        size="tiny",
        image_size=SIDE,
        augment="affine,stroke",
        batch_size=64,
        steps=steps,
        cache="",
        run_dir=str(folder / "run"),
    )
    return train_classifier.main(settings)


def read(reader, images, truth, margin):
    """Shares read right: all, those that keep their place, the others; and pairs."""
    names = [found[0] for found in reader.read(images, 1, box_margin=margin)[0]]
    right = np.array([a == b for a, b in zip(names, truth, strict=True)])
    small = np.array([keeps_place(c) for c in truth])
    wrong = itertools.compress(zip(names, truth, strict=True), ~right)
    pairs = collections.Counter("".join(sorted(pair)) for pair in wrong)
    return (right.mean(), right[small].mean(), right[~small].mean()), pairs


def look_alikes(characters, others):
    """Pairs of blurred glyphs that correlate at 0.9 or more, the most alike first."""
    font, everything = default_font(), [*characters, *others]
    glyphs = [255.0 - font.render(c, 48, 0.0) for c in everything]
    flat = np.stack([ndimage.gaussian_filter(g, 1.5).ravel() for g in glyphs])
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    alike = np.triu(flat[: len(characters)] @ flat.T, 1)
    order = np.argsort(-alike, axis=None)[: (alike >= 0.9).sum()]
    rows, columns = np.unravel_index(order, alike.shape)
    return [everything[r] + everything[c] for r, c in zip(rows, columns, strict=True)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=4000)
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    japanese = hw.character_set("japanese").characters
    kanji = len(hw.character_set("jis1"))
    characters = hw.CharacterSet("no kanji", japanese[:KANA] + japanese[kanji:])
    reader = hw.load(learn(options.folder, characters, options.steps))
    pens = [hw.PenWriter(seed) for seed in range(300, 320)]
    truth = list(characters) * len(pens)
    for margin in MARGINS:
        images = np.stack(
            [p.draw(c, 64, margin=margin) for p in pens for c in characters]
        )
        for told in (None, *MARGINS):
            shares, pairs = read(reader, images, truth, told)
            print(f"free {margin}, told {told}:", " ".join(f"{s:.3f}" for s in shares))
            if told == margin:
                print(" ".join(f"{pair} {n}" for pair, n in pairs.most_common(30)))
    print(" ".join(look_alikes(characters, japanese[KANA:kanji])))
