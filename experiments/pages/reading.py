"""Reading photos of pages, or sorted images, into an output that may hold some."""

import contextlib
import pathlib

from tqdm import tqdm

from hwgen_keras.errors import InputError
from hwgen_keras.files import locked_folder
from hwgen_keras.sources import read_image
from hwgen_keras.sources.pages.cells import read_cells
from hwgen_keras.sources.pages.folders import (
    character_of_file,
    clean_sorted,
    list_images,
)
from hwgen_keras.sources.pages.layout import read_layout
from hwgen_keras.sources.pages.rectify import PIXELS_PER_MM, flatten_page

from .output import Output, digest, page_picture


def read_photos(options):
    """Reads photos of pages; returns the path of the manifest."""
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
        missing = [
            str(page)
            for page in range(1, len(layout.pages) + 1)
            if not output.page(_key(layout.identity, page))
        ]
        if missing and len(missing) < len(layout.pages):
            some = ", ".join(missing[:10]) + (", …" if len(missing) > 10 else "")
            print(f"Pages of the sheet without a photo: {some}")
        return _finish(output, mistakes, "photos")


def _key(identity, page):
    """What a page of a sheet is called in the output."""
    return f"{identity:04x}-{page:03d}"


def _read_photo(photo, layout, output, options):
    """Reads one photo into the output; returns what the user should know."""
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
    key = _key(flat.identity, flat.page)
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
    settings = {
        "image_size": options.image_size,
        "stroke_width": options.stroke_width,
    }
    with locked_folder(options.output, "--output") as folder:
        try:
            yield Output(folder, options.writer, settings)
        except OSError as error:
            raise InputError(
                f"--output {folder} cannot be written ({error.strerror}); free some "
                "space and give the same command again."
            ) from None


def _finish(output, mistakes, what):
    """Writes the review, then tells what could not be read."""
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
