"""python benchmarks/cleaning.py --writers 3 --manifests pen.json kana-val.json

What a recogniser reads of images of one character, each put on a larger sheet and
damaged by a stated amount: cleaned as `clean_image` does (after), and with
`repair=False`, as it did before (before), in percent of the images. `--stroke_width`
adds what `clean_image(..., stroke_width=...)` makes of the damaged ones. `overlap`: the
mean intersection over union of the ink with that of the undamaged image, before and
after. ms: CPU time an image of both.
"""

import argparse
import pathlib
import time

import numpy as np
from PIL import Image

import hwgen_keras as hw
from hwgen_keras.data.feed_python import place
from hwgen_keras.data.samples import read_sample
from hwgen_keras.sources.images import place_in_square
from hwgen_keras.sources.looks.damage import DAMAGES

SIDE, MARGIN = 112, 0.15


def flags():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reader", default="saved_models/jis1-reader")
    parser.add_argument("--manifests", nargs="*", default=[], help="of handwriting")
    parser.add_argument("--writers", type=int, default=3, help="simulated writers")
    parser.add_argument("--each", type=int, default=60, help="images of each source")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", help="parts of the names of damages")
    parser.add_argument("--stroke_width", type=float, help="share of the side")
    parser.add_argument("--picture", help="file for a sheet of examples; reads nothing")
    return parser.parse_args()


def simulated(writers, count, known, rng):
    """(character, image) of so many characters by simulated writers in turn."""
    pens = [hw.PenWriter(seed) for seed in range(700, 700 + writers)]
    chosen = rng.choice([c for c in known if pens[0].covers(c)], count, replace=False)
    for k, character in enumerate(map(str, chosen)):
        yield character, pens[k % writers].draw(character, SIDE, margin=MARGIN)


def written(manifest, count, known, rng):
    """(character, image) of so many samples of a manifest, each on a larger sheet."""
    samples = [s for s in hw.read_manifest(manifest) if s.character in known]
    picked = rng.choice(len(samples), min(count, len(samples)), replace=False)
    for k in picked:
        clean = hw.clean_image(read_sample(samples[k]), 2 * SIDE, 0.0, repair=False)
        image = place_in_square(Image.fromarray(clean), SIDE, MARGIN)
        yield samples[k].character, image


def cleaned(image, size, **options):
    """The cleaned image; a blank one, which is read as something wrong, if none."""
    try:
        return hw.clean_image(image, size, 0.0, **options)
    except hw.InputError:
        return np.full((size, size), 255, np.uint8)


def overlap(images, others):
    ink, other = images < 128, others < 128
    union = np.maximum((ink | other).sum((1, 2)), 1)
    return float(((ink & other).sum((1, 2)) / union).mean())


def sheet(file, images, damages):
    """A picture: damaged and cleaned in turn, a damage a row."""
    rows = []
    for number, damage in enumerate(damages):
        rng = np.random.default_rng(number)
        row = []
        for k, image in enumerate(images):
            damaged = DAMAGES[damage](image, images[k - 1], rng)
            both = damaged, cleaned(damaged, SIDE)
            row += [np.pad(x, 2, constant_values=160) for x in both]
        rows.append(np.hstack(row))
    Image.fromarray(np.vstack(rows)).save(file)


def main():
    options = flags()
    rng = np.random.default_rng(options.seed)
    reader = hw.load(options.reader)
    known = list(reader.characters)
    sources = {"simulated": simulated(options.writers, options.each, known, rng)}
    for manifest in options.manifests:
        name = pathlib.Path(manifest).stem
        sources[name] = written(manifest, options.each, set(known), rng)
    sources = {name: list(pairs) for name, pairs in sources.items()}
    names = [
        n for n in DAMAGES if not options.only or any(o in n for o in options.only)
    ]
    if options.picture:
        chosen = [pair[1] for pairs in sources.values() for pair in pairs[:3]]
        sheet(options.picture, chosen, names)
        return
    size = reader.image_size
    ways = {"before": {"repair": False}, "after": {}}
    if options.stroke_width:
        ways["width"] = {"stroke_width": options.stroke_width}
    print("| damage |", *(f"{s}: {w} |" for s in sources for w in ways), end=" ")
    print("overlap |", "ms |")
    print("|---|" + "---:|" * (len(sources) * len(ways) + 2))
    for damage in names:
        cells, overlaps, times = [], [], []
        for pairs in sources.values():
            truth = np.array([character for character, _ in pairs])
            images = [image for _, image in pairs]
            whole = np.stack([cleaned(x, size, repair=False) for x in images])
            damaged = [
                DAMAGES[damage](x, images[k - 1], np.random.default_rng(k))
                for k, x in enumerate(images)
            ]
            for way, arguments in ways.items():
                start = time.process_time()
                clean = np.stack([cleaned(x, size, **arguments) for x in damaged])
                times.append(1000 * (time.process_time() - start) / len(images))
                found = reader.read(place(clean, size), 1)[0]
                right = np.array([row[0] for row in found]) == truth
                cells.append(f"{100 * right.mean():.1f} |")
                if way != "width":
                    overlaps.append(overlap(clean, whole))
        before, after = np.mean(overlaps[::2]), np.mean(overlaps[1::2])
        quick = [np.mean(times[k :: len(ways)]) for k in range(2)]
        print(f"| {damage} |", *cells, f"{before:.2f}, {after:.2f} |", end=" ")
        print(f"{quick[0]:.1f}, {quick[1]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
