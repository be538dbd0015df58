"""python benchmarks/fonts.py FONT ... [--image_size 128]

Glyphs a second that one core renders into a store, as prepare_fonts does: tested,
drawn, encoded and written. The rate counts the time of this process alone.
"""

import argparse
import pathlib
import resource
import tempfile
import time

from hwgen_keras.characters import character_set
from hwgen_keras.data.faces import render_face
from hwgen_keras.sources import find_fonts

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fonts", nargs="+", help="font files or folders of fonts")
    parser.add_argument("--image_size", type=int, default=128)
    parser.add_argument("--characters", default="jis1")
    options = parser.parse_args()
    characters = character_set(options.characters)
    total, seconds = 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "part.store")
        for font in find_fonts(options.fonts):
            start = time.process_time()
            count = len(render_face(font, characters, options.image_size, path)[None])
            taken = time.process_time() - start
            size = path.stat().st_size / max(1, count)
            print(
                f"{font.name:32} {count / taken:6.0f} glyphs/s {size:6.0f} bytes each"
            )
            total, seconds = total + count, seconds + taken
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'all':32} {total / seconds:6.0f} glyphs/s, peak memory {memory:.0f} MB")
