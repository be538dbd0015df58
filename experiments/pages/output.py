"""The output of prepare_pages: images, a manifest, and a review of suspicious ones.

`review.json` lists what was read from which photo: no photo is added twice.
"""

import pathlib

import numpy as np
from PIL import Image, ImageDraw

from hwgen_keras.data import Sample, write_manifest
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation import Figure, Table, Text, captioned_grid, write_html
from hwgen_keras.files import complete_file, read_json, sha256_of, write_json

_FORMAT, _VERSION = "hwgen_keras pages", 1
_TILE, _TILES_ACROSS = 96, 8
_PAGE_REDUCTION = 4
_GREEN, _ORANGE, _GREY = (60, 160, 90), (235, 130, 0), (150, 150, 150)


def digest(path):
    """SHA-256 of a file, or InputError."""
    try:
        return sha256_of(path)
    except OSError as error:
        raise InputError(
            f"The image {path} cannot be read ({error.strerror}); replace or remove it."
        ) from None


class Output:
    """The folder of a writer's images, which an earlier run may have begun.

    InputError if it holds other files, or images of another writer or with other
    `settings`, which all runs share.
    """

    def __init__(self, folder, writer, settings):
        self.folder = pathlib.Path(folder)
        self.state = {"format": _FORMAT, "version": _VERSION, "writer": writer}
        self.state |= {"settings": settings, "photos": {}, "pages": {}}
        if any(not file.name.startswith(".") for file in self.folder.iterdir()):
            self._resume(writer, settings)

    def _resume(self, writer, settings):
        try:
            state = read_json(self.folder / "review.json")
            known = state["format"] == _FORMAT and state["version"] == _VERSION
            before, old = state["writer"], state["settings"]
        except (InputError, KeyError, TypeError):
            known = False
        if not known:
            raise InputError(
                f"--output: {self.folder} exists and holds no pages read earlier; "
                "choose another output."
            )
        if before != writer:
            raise InputError(
                f"--output: {self.folder} holds the pages of the writer {before!r}, "
                f"not of {writer!r}; choose another output."
            )
        for name, value in settings.items():
            if old.get(name) != value:
                raise InputError(
                    f"--output: {self.folder} was made with --{name}={old.get(name)}, "
                    f"not {value}; use the same, or choose another output."
                )
        if not (self.folder / "images").is_dir():
            state["pages"], state["photos"] = {}, {}
        # An image that the user has deleted stays out, whatever is added later.
        for page in state["pages"].values():
            page["cells"] = [
                cell
                for cell in page["cells"]
                if not cell["image"] or (self.folder / cell["image"]).is_file()
            ]
        self.state = state

    @property
    def pages(self):
        """{key of a page: its photo, blur, overview and cells}."""
        return self.state["pages"]

    @property
    def photos(self):
        """{checksum of a photo: key of the page that it shows}."""
        return self.state["photos"]

    def add(self, key, photo, checksum, blur, cells, overview=None):
        """Writes the images of a page, which replace those of an earlier photo.

        Args:
            key: of the page.
            photo, checksum, blur: of the photo; the blur in mm, or None.
            cells: list of dicts of character, place, name (of the image file),
                image, seen and reasons.
            overview: optional PIL picture of the page.
        """
        before = self.pages.get(key)
        records = []
        for cell in cells:
            seen = cell["seen"] if cell["reasons"] else None
            record = {name: cell[name] for name in ("character", "place", "reasons")}
            record["image"] = self._save(f"images/{cell['name']}", cell["image"])
            record["seen"] = self._save(f"review/{cell['name']}", seen)
            records.append(record)
        page = {"photo": photo, "blur": blur, "overview": None, "cells": records}
        page["overview"] = self._save(f"review/{key}.png", overview)
        self.pages[key] = page
        self.photos[checksum] = key
        if before:
            for name in _files(before) - _files(page):
                (self.folder / name).unlink(missing_ok=True)

    def _save(self, name, image):
        """Writes an image, if there is one, and returns its name."""
        if image is None:
            return None
        image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
        with complete_file(self.folder / name) as partial:
            image.save(partial, "PNG")
        return name

    def save(self):
        """Writes `review.json`, and the manifest where there is an image."""
        write_json(self.folder / "review.json", self.state)
        writer = self.state["writer"]
        samples = [
            Sample(cell["character"], self.folder / cell["image"], writer)
            for _, cell in self.cells()
            if cell["image"]
        ]
        if samples:
            write_manifest(self.folder / "manifest.json", samples)

    def cells(self):
        """(name of the photo, cell) of all pages in their order."""
        pages = [page for _, page in sorted(self.pages.items())]
        return [(page["photo"], cell) for page in pages for cell in page["cells"]]

    def write_review(self):
        """Writes review.html, and review.png of suspicious images.

        Returns the numbers of images, of suspicious ones, and of empty cells.
        """
        cells = self.cells()
        suspicious = [(photo, cell) for photo, cell in cells if cell["reasons"]]
        empty = [(photo, cell) for photo, cell in cells if not cell["image"]]
        good = len(cells) - len(empty)
        summary = (
            f"{good} images, {len(suspicious)} of them suspicious; {len(empty)} empty "
            "cells left out. To leave a suspicious image out, delete its file and give "
            "the same command again."
        )
        sections = [Text(summary)]
        picture = self.folder / "review.png"
        picture.unlink(missing_ok=True)
        if suspicious:
            sheet = self._tiles([cell for _, cell in suspicious])
            self._save(picture.name, sheet)
            rows = [
                [number, cell["character"], ", ".join(cell["reasons"])]
                + [cell["place"], photo, cell["image"]]
                for number, (photo, cell) in enumerate(suspicious, start=1)
            ]
            header = ["number", "character", "why", "where", "photo", "file"]
            caption = "Left as photographed, right as cleaned."
            sections += [Figure(sheet, "Suspicious", caption), Table(header, rows)]
        if empty:
            rows = [[cell["character"], cell["place"], photo] for photo, cell in empty]
            sections.append(Table(["character", "where", "photo"], rows, "Empty"))
        for key, page in sorted(self.pages.items()):
            if page["overview"]:
                with Image.open(self.folder / page["overview"]) as image:
                    caption = f"{page['photo']}, blur {page['blur']:.2f} mm"
                    heading = f"Page {int(key.rpartition('-')[2])}"
                    sections.append(Figure(image.copy(), heading, caption))
        title = f"Pages of {self.state['writer']}"
        write_html(self.folder / "review.html", title, sections)
        return good, len(suspicious), len(empty)

    def _tiles(self, cells):
        """Photographed and cleaned drawings in pairs, numbered as in the table."""
        tiles = []
        for number, cell in enumerate(cells, start=1):
            for caption, name in ((str(number), "seen"), ("", "image")):
                with Image.open(self.folder / cell[name]) as image:
                    tiles.append((caption, np.asarray(image.convert("L"))))
        return captioned_grid(tiles, 2 * _TILES_ACROSS, _TILE)


def page_picture(flat, layout, results, pixels_per_mm):
    """A page with its cells framed: green good, orange suspicious, grey empty."""
    grey = (255 * np.clip(flat.brightness, 0, 1)).astype(np.uint8)
    page = Image.fromarray(grey).reduce(_PAGE_REDUCTION).convert("RGB")
    pen = ImageDraw.Draw(page)
    scale = pixels_per_mm / _PAGE_REDUCTION
    for result in results:
        empty = result.image is None
        colour = _ORANGE if result.reasons else _GREY if empty else _GREEN
        left, top = result.cell.left * scale, result.cell.top * scale
        box = (left, top, left + layout.box * scale, top + layout.box * scale)
        pen.rectangle(box, outline=colour, width=1 if empty else 2)
        if empty:
            pen.line(box, fill=colour)
    return page.quantize(64)


def _files(page):
    names = [cell[kind] for cell in page["cells"] for kind in ("image", "seen")]
    return {name for name in [*names, page["overview"]] if name}
