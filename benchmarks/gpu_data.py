"""python benchmarks/gpu_data.py --fonts=FONTS --output=gpu-data

Packs the data of the trainings of gpu.py, so that the machine with the GPU needs no
fonts: glyphs of the fonts, images and tracks of simulated writers, and images by others
of them, who are held out. Together they have at most 40 MB; with more fonts or writers
the command ends in a sentence.
"""

import argparse
import pathlib
import sys

from workers import ROOT

sys.path.insert(0, str(ROOT))

from hwgen_keras import data, files  # noqa: E402
from hwgen_keras.characters import CharacterSet, character_set  # noqa: E402
from hwgen_keras.errors import InputError  # noqa: E402

GLYPHS, HANDS, HELD_OUT = "glyphs.store", "hands.store", "held-out.store"
TRACKS = "tracks.store"
FILES = (GLYPHS, HANDS, HELD_OUT, TRACKS)
MOST_MEGABYTES = 40
IMAGE_SIZE = 64
# Seed of the first writer whom no training sees.
FIRST_HELD_OUT = 1000


def flags():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fonts", action="append", help="files or folders of fonts")
    parser.add_argument("--output", type=pathlib.Path, help="folder of the stores")
    parser.add_argument("--characters", default="japanese")
    parser.add_argument("--writers", type=int, default=3, help="of all characters")
    parser.add_argument("--track_writers", type=int, default=60)
    parser.add_argument("--held_out", type=int, default=2, help="writers")
    options = parser.parse_args()
    if not options.fonts or options.output is None:
        parser.error("--fonts and --output are needed.")
    return options


def pack(
    folder, fonts, characters, writers, track_writers, held_out, each=60, workers=None
):
    """Writes the four stores into a folder.

    Args:
        folder: path of the folder.
        fonts: files or folders of fonts.
        characters: the `CharacterSet`.
        writers: number of simulated writers of all characters, as images.
        track_writers: number of simulated writers of `each` characters, as tracks.
        held_out: number of writers of whom every sixth character is held out.
        each: see above.
        workers: processes that draw the tracks; None: one for each core.

    Returns:
        The size of all stores in megabytes.

    Raises:
        InputError: a font cannot be read, or the stores are too large together.
    """
    # Not before fonts are read, which needs more packages.
    from hwgen_keras.inputs import loading

    found = loading.covering(loading.load_fonts(fonts), characters)
    quiet = {"image_size": IMAGE_SIZE, "progress": False}
    sixth = CharacterSet("every sixth", tuple(characters)[::6])
    others = range(FIRST_HELD_OUT, FIRST_HELD_OUT + held_out)
    with files.complete_file(folder) as partial:
        partial.mkdir()
        data.font_store(found, characters, path=partial / GLYPHS, **quiet)
        data.simulated_store(range(writers), characters, path=partial / HANDS, **quiet)
        data.simulated_store(others, sixth, path=partial / HELD_OUT, **quiet)
        tracks = data.simulated_tracks(
            range(track_writers), characters, each, workers=workers
        )
        tracks.save(partial / TRACKS)
        size = sum((partial / name).stat().st_size for name in FILES) / 1e6
        if size > MOST_MEGABYTES:
            raise InputError(
                f"The stores have {size:.0f} MB, more than {MOST_MEGABYTES}; give "
                "fewer fonts or --writers."
            )
    return size


def main():
    options = flags()
    try:
        size = pack(
            *(options.output, options.fonts, character_set(options.characters)),
            *(options.writers, options.track_writers, options.held_out),
        )
    except InputError as error:
        raise SystemExit(f"Error: {error}") from None
    print(f"Saved {options.output}, {size:.1f} MB.")


if __name__ == "__main__":
    main()
