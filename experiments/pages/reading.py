"""Reading photos of pages, or sorted images, into a new or earlier output."""

import contextlib
import pathlib

from tqdm import tqdm

from hwgen_keras.errors import InputError
from hwgen_keras.files import locked_folder, writable
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


def read_photos(settings):
    """Reads photos of pages; returns the path of the manifest."""
    layout = read_layout(settings.layout)
    photos = list_images(settings.photos, "--photos")
    mistakes = []
    with _opened(settings) as output:
        for photo in tqdm(_outside(photos, settings), unit="photo", desc="photos"):
            try:
                message = _read_photo(photo, layout, output, settings)
            except InputError as error:
                mistakes.append(str(error))
            else:
                # Saved page by page: an interrupted run resumes from here.
                output.save()
                if message:
                    tqdm.write(message)
        missing = [
            str(page)
            for page in range(1, len(layout.pages) + 1)
            if _key(layout.identity, page) not in output.pages
        ]
        if missing and len(missing) < len(layout.pages):
            listed = ", ".join(missing[:10]) + (", …" if len(missing) > 10 else "")
            print(f"Pages of the sheet without a photo: {listed}")
        return _finish(output, mistakes, "photos")


def _key(identity, page):
    """The key of a page of a sheet in the output."""
    return f"{identity:04x}-{page:03d}"


def _read_photo(photo, layout, output, settings):
    """Reads one photo into the output; returns a message for the user, or None."""
    checksum = digest(photo)
    if checksum in output.photos:
        return None
    flat = flatten_page(read_image(photo), name=f"The photo {photo}")
    if flat.identity != layout.identity or flat.page > len(layout.pages):
        raise InputError(
            f"The photo {photo} shows page {flat.page} of the sheet "
            f"{flat.identity:04x}, and --layout is of {layout.identity:04x}; give "
            "the layout that was written with that sheet."
        )
    key = _key(flat.identity, flat.page)
    earlier, message = output.pages.get(key), None
    if earlier:
        other = f"{earlier['photo']} (blur {earlier['blur']:.2f} mm)"
        this = f"{photo.name} (blur {flat.blur:.2f} mm)"
        sharper, other = (this, other) if flat.blur < earlier["blur"] else (other, this)
        message = (
            f"Page {flat.page} is on two photos; {sharper} is sharper than {other}."
        )
        if flat.blur >= earlier["blur"]:
            output.photos[checksum] = key
            return message
    results = read_cells(
        flat, layout, settings.image_size, stroke_width=settings.stroke_width
    )
    cells = [
        {
            "character": result.cell.character,
            "place": f"row {result.cell.row + 1}, column {result.cell.column + 1}",
            "name": f"{ord(result.cell.character):05x}/{key}-{position + 1:03d}.png",
            "image": result.image,
            "seen": result.seen,
            "reasons": list(result.reasons),
        }
        for position, result in enumerate(results)
    ]
    picture = page_picture(flat, layout, results, PIXELS_PER_MM)
    output.add(key, photo.name, checksum, flat.blur, cells, picture)
    return message


def read_folder(settings):
    """Cleans sorted images; returns the path of the manifest."""
    paths = _outside(list_images([settings.folder], "--folder"), settings)
    pairs = [(character_of_file(path, settings.folder), path) for path in paths]
    mistakes = []
    with _opened(settings) as output:
        try:
            for character, path in tqdm(pairs, unit="image", desc="images"):
                try:
                    _read_sorted(path, character, output, settings)
                except InputError as error:
                    mistakes.append(str(error))
        finally:
            if output.cells():
                output.save()
        return _finish(output, mistakes, "images")


def _read_sorted(path, character, output, settings):
    """Reads one image of a folder into the output."""
    checksum = digest(path)
    # The same drawing in the folders of two characters is two images.
    key = f"{ord(character):05x}-{checksum[:16]}"
    if key in output.pages:
        return
    seen = read_image(path)
    image, reasons = clean_sorted(
        seen, character, settings.image_size, stroke_width=settings.stroke_width
    )
    cell = {
        "character": character,
        "place": path.parent.name,
        "name": f"{ord(character):05x}/{checksum[:16]}.png",
        "image": image,
        "seen": seen,
        "reasons": list(reasons),
    }
    output.add(key, path.name, checksum, None, [cell])


def _outside(paths, settings):
    """The paths outside the output, which may lie in the folder that is read."""
    output = pathlib.Path(settings.output).resolve()
    return [path for path in paths if output not in path.resolve().parents]


@contextlib.contextmanager
def _opened(settings):
    """The `Output`, locked against other processes."""
    cleaning = {n: getattr(settings, n) for n in ("image_size", "stroke_width")}
    output = settings.output
    with locked_folder(output, "--output") as folder, writable(output, "--output"):
        yield Output(folder, settings.writer, cleaning)


def _finish(output, mistakes, what):
    """Writes the review, reports unreadable files, and returns the manifest's path."""
    good = 0
    if output.cells():
        good, suspicious, empty = output.write_review()
        print(
            f"{good} images, {suspicious} of them suspicious, {empty} empty cells left "
            f"out; see {output.folder / 'review.html'}"
        )
    if len(mistakes) > 1:
        print("\n".join(mistakes))
        raise InputError(
            f"{len(mistakes)} {what} could not be used, as listed above; replace or "
            "remove them."
        )
    if mistakes:
        raise InputError(mistakes[0])
    if not good:
        raise InputError(f"Nothing is written on the {what}; give filled ones.")
    print(f"Saved {output.folder / 'manifest.json'}")
    return output.folder / "manifest.json"
