"""python -m experiments.prepare_pages --sheet=sheet.pdf --characters=kana
python -m experiments.prepare_pages --layout=sheet.json --photos=PHOTOS
    --writer=NAME --output=FOLDER
python -m experiments.prepare_pages --folder=IMAGES --writer=NAME --output=FOLDER

Your own handwriting. The first command writes a practice sheet to print, and its
layout beside it (.json). The second reads photos or scans of filled pages, in any order
and any of the four rotations; the third takes images already sorted into folders, a
folder a character. Both write cleaned images, <output>/manifest.json, and
<output>/review.html, which shows what is empty or suspicious. The same command again
reads only what is new.
"""

import contextlib
import logging
import pathlib

from experiments import common

FLAGS = ("characters", "fonts", "image_size")
EXTRA = {
    "sheet": (common.flags.DEFINE_string, None, "Practice sheet to write, a PDF."),
    "box": (common.flags.DEFINE_float, 14.0, "Side of a writing box in mm, 8 to 40."),
    "count": (
        common.flags.DEFINE_integer,
        1,
        "Times that the sheet asks for each character.",
    ),
    "layout": (
        common.flags.DEFINE_string,
        None,
        "Layout of the sheet on the photos: the .json beside its PDF.",
    ),
    "photos": (
        common.flags.DEFINE_multi_string,
        [],
        "Photo or scan of a filled page, or a folder of them; may be given several "
        "times.",
    ),
    "folder": (
        common.flags.DEFINE_string,
        None,
        "Folder of images in folders named by character (あ) or code point (U+3042).",
    ),
    "writer": (common.flags.DEFINE_string, None, "Name of who wrote the pages."),
    "stroke_width": (
        common.flags.DEFINE_float,
        0.06,
        "Mean width of strokes as a share of the image's side; 0 keeps the pen's.",
    ),
    "output": (
        common.flags.DEFINE_string,
        None,
        "Folder for images, manifest and review; further photos of the same writer "
        "may go to the same one.",
    ),
}


def main(options):
    from hwgen_keras.errors import InputError

    ways = [name for name in ("sheet", "photos", "folder") if getattr(options, name)]
    if len(ways) != 1:
        raise InputError(
            "Give one of --sheet (a practice sheet to write), --photos (of filled "
            f"pages) or --folder (of sorted images); {len(ways)} are given."
        )
    if options.sheet:
        return make_sheet(options)
    options.image_size = options.image_size or 128
    common.check_positive(options, "image_size")
    for name in ("writer", "output"):
        if not getattr(options, name):
            raise InputError(f"--{name} is needed.")
    if not 0 <= options.stroke_width <= 0.3:
        raise InputError(
            f"--stroke_width is {options.stroke_width}; give a share from 0 to 0.3."
        )
    return read_photos(options) if options.photos else read_folder(options)


def make_sheet(options):
    """Writes the practice sheet and its layout; returns their paths."""
    from experiments.inputs import load_characters
    from hwgen_keras.errors import InputError
    from hwgen_keras.sources.pages import layout, sheet

    common.check_positive(options, "count")
    path = pathlib.Path(options.sheet)
    if path.suffix.lower() != ".pdf":
        raise InputError(f"--sheet: {path} must end in .pdf.")
    characters = load_characters(options)
    made = layout.make_layout(characters, options.box, options.count)
    beside = path.with_suffix(".json")
    # Photos of a printed sheet can be read with its own layout alone.
    if beside.exists() and layout.read_layout(beside) != made:
        raise InputError(
            f"--sheet: {beside} is the layout of another sheet, whose photos need it; "
            "choose another name."
        )
    fonts = sheet.choose_fonts(_model_fonts(options.fonts, characters), characters)
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    sheet.write_sheet(path, made, fonts)
    made.save(beside)
    print(
        f"{len(characters)} characters on {len(made.pages)} pages. Saved {path} and "
        f"{beside}; keep the latter for reading the photos."
    )
    return path, beside


def _model_fonts(paths, characters):
    """The fonts of --fonts, or one that has all characters."""
    import importlib.util

    from experiments.inputs import load_fonts
    from hwgen_keras.errors import InputError
    from hwgen_keras.sources import find_fonts, system_fonts

    if paths:
        return load_fonts(paths)
    fonts = system_fonts()
    package = importlib.util.find_spec("matplotlib_fontja")
    if package:
        fonts += find_fonts(pathlib.Path(package.origin).parent / "fonts")
    if not fonts:
        raise InputError("No Japanese font is installed; give --fonts one.")
    whole = (font for font in fonts if all(map(font.covers, characters)))
    return [next(whole, fonts[0])]


def read_photos(options):
    """Reads photos of pages; returns the path of the manifest."""
    from tqdm import tqdm

    from hwgen_keras.errors import InputError
    from hwgen_keras.sources.pages.folders import list_images
    from hwgen_keras.sources.pages.layout import read_layout

    if not options.layout:
        raise InputError("--layout is needed: the .json beside the sheet's PDF.")
    layout = read_layout(options.layout)
    photos = list_images(options.photos, "--photos")
    mistakes = []
    with _opened(options) as output:
        for photo in tqdm(_outside(photos, options), unit="photo", desc="photos"):
            try:
                said = _read_photo(photo, layout, output, options)
            except InputError as error:
                mistakes.append(str(error))
            else:
                # Saved page by page: an interrupted run goes on from here.
                output.save()
                if said:
                    tqdm.write(said)
        return _finish(output, mistakes, "photos")


def _read_photo(photo, layout, output, options):
    """Reads one photo into the output; returns what the user should know."""
    from experiments.pages_output import digest, page_picture
    from hwgen_keras.errors import InputError
    from hwgen_keras.sources import read_image
    from hwgen_keras.sources.pages.cells import read_cells
    from hwgen_keras.sources.pages.rectify import PIXELS_PER_MM, flatten_page

    checksum = digest(photo)
    if output.page_of(checksum):
        return None
    flat = flatten_page(read_image(photo), name=f"The photo {photo}")
    if flat.identity != layout.identity or flat.page > len(layout.pages):
        raise InputError(
            f"The photo {photo} shows page {flat.page} of the sheet "
            f"{flat.identity:04x}, and --layout is of {layout.identity:04x}; give "
            "the layout that was written with that sheet."
        )
    key = f"{flat.identity:04x}-{flat.page:03d}"
    earlier, said = output.page(key), None
    if earlier:
        other = f"{earlier['photo']} (blur {earlier['blur']:.2f} mm)"
        this = f"{photo.name} (blur {flat.blur:.2f} mm)"
        sharper, other = (this, other) if flat.blur < earlier["blur"] else (other, this)
        said = f"Page {flat.page} is on two photos; {sharper} is sharper than {other}."
        if flat.blur >= earlier["blur"]:
            output.note(checksum, key)
            return said
    written = read_cells(
        flat, layout, options.image_size, stroke_width=options.stroke_width
    )
    cells = [
        {
            "character": one.cell.character,
            "place": f"row {one.cell.row + 1}, column {one.cell.column + 1}",
            "name": f"{ord(one.cell.character):05x}/{key}-{position + 1:03d}.png",
            "image": one.image,
            "seen": one.seen,
            "reasons": list(one.reasons),
        }
        for position, one in enumerate(written)
    ]
    picture = page_picture(flat, layout, written, PIXELS_PER_MM)
    output.put(key, photo.name, checksum, flat.blur, cells, picture)
    return said


def read_folder(options):
    """Cleans sorted images; returns the path of the manifest."""
    from tqdm import tqdm

    from hwgen_keras.errors import InputError
    from hwgen_keras.sources.pages.folders import character_of_file, list_images

    paths = _outside(list_images([options.folder], "--folder"), options)
    pairs = [(character_of_file(path, options.folder), path) for path in paths]
    mistakes = []
    with _opened(options) as output:
        try:
            for character, path in tqdm(pairs, unit="image", desc="images"):
                try:
                    _read_sorted(path, character, output, options)
                except InputError as error:
                    mistakes.append(str(error))
        finally:
            if output.cells():
                output.save()
        return _finish(output, mistakes, "images")


def _read_sorted(path, character, output, options):
    """Reads one image of a folder into the output."""
    from experiments.pages_output import digest
    from hwgen_keras.sources import read_image
    from hwgen_keras.sources.pages.folders import clean_sorted

    checksum = digest(path)
    # The same drawing in the folders of two characters is two images.
    key = f"{ord(character):05x}-{checksum[:16]}"
    if output.page(key):
        return
    seen = read_image(path)
    image, reasons = clean_sorted(
        seen, character, options.image_size, stroke_width=options.stroke_width
    )
    cell = {
        "character": character,
        "place": path.parent.name,
        "name": f"{ord(character):05x}/{checksum[:16]}.png",
        "image": image,
        "seen": seen,
        "reasons": list(reasons),
    }
    output.put(key, path.name, checksum, None, [cell])


def _outside(paths, options):
    """The paths beside the output, which may lie in the folder that is read."""
    output = pathlib.Path(options.output).resolve()
    return [path for path in paths if output not in path.resolve().parents]


@contextlib.contextmanager
def _opened(options):
    """The output, kept from other processes."""
    from experiments.pages_output import Output
    from hwgen_keras.files import locked_folder

    settings = {
        "image_size": options.image_size,
        "stroke_width": options.stroke_width,
    }
    with locked_folder(options.output, "--output") as folder:
        yield Output(folder, options.writer, settings)


def _finish(output, mistakes, what):
    """Writes the review, then tells what could not be read."""
    from hwgen_keras.errors import InputError

    good = 0
    if output.cells():
        good, suspicious, empty = output.write_review()
        print(
            f"{good} images, {suspicious} of them suspicious, {empty} empty cells left "
            f"out; look at {output.folder / 'review.html'}"
        )
    if len(mistakes) > 1:
        print("\n".join(mistakes))
        raise InputError(
            f"{len(mistakes)} {what} could not be used, as told above; replace or "
            "remove them."
        )
    if mistakes:
        raise InputError(mistakes[0])
    if not good:
        raise InputError(f"Nothing is written on the {what}; give filled ones.")
    print(f"Saved {output.folder / 'manifest.json'}")
    return output.folder / "manifest.json"


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
