"""What prepare_pages leaves: images, a manifest, and a review of what is suspicious.

`review.json` lists what was read from which photo, so that the same command again adds
nothing twice, and further photos are added.
"""

import json
import pathlib

import numpy as np
from PIL import Image, ImageDraw

from hwgen_keras.data import Sample, write_manifest
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation import Figure, Table, Text, captioned_grid, write_html
from hwgen_keras.files import complete_file, sha256_of, write_json

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
    """The folder that one writer's images go to.

    Args:
        folder: exists; one of an earlier run is continued.
        writer: name of the writer.
        settings: dict of what must be the same in all runs.

    Raises:
        InputError: the folder holds something else, another writer's images, or
            images made with other settings.
    """

    def __init__(self, folder, writer, settings):
        self.folder = pathlib.Path(folder)
        self.state = {
            "format": _FORMAT,
            "version": _VERSION,
            "writer": writer,
            "settings": settings,
            "photos": {},
            "pages": {},
        }
        if any(not file.name.startswith(".") for file in self.folder.iterdir()):
            self._continue(writer, settings)

    def _continue(self, writer, settings):
        try:
            state = json.loads((self.folder / "review.json").read_text("utf-8"))
            known = state["format"] == _FORMAT and state["version"] == _VERSION
            before, old = state["writer"], state["settings"]
        except (OSError, ValueError, KeyError, TypeError):
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
        # Who deletes an image does not want it, whatever is added later.
        for page in state["pages"].values():
            page["cells"] = [
                cell
                for cell in page["cells"]
                if not cell["image"] or (self.folder / cell["image"]).is_file()
            ]
        self.state = state

    def page_of(self, checksum):
        """The key of the page that a photo showed in this or an earlier run."""
        return self.state["photos"].get(checksum)

    def page(self, key):
        """What is known of a page, or None."""
        return self.state["pages"].get(key)

    def note(self, checksum, key):
        """Remembers that a photo was read and shows a page."""
        self.state["photos"][checksum] = key

    def put(self, key, photo, checksum, blur, cells, overview=None):
        """Writes the images of a page, in place of an earlier photo's.

        Args:
            key: of the page.
            photo: name of the photo.
            checksum: of the photo.
            blur: of the photo in mm, or None.
            cells: list of dicts of character, place, name (of the image file),
                image, seen and reasons.
            overview: optional PIL picture of the page.
        """
        before = self.page(key)
        records = []
        for cell in cells:
            record = {name: cell[name] for name in ("character", "place", "reasons")}
            record["image"] = record["seen"] = None
            if cell["image"] is not None:
                record["image"] = f"images/{cell['name']}"
                self._save(record["image"], cell["image"])
            if cell["reasons"]:
                record["seen"] = f"review/{cell['name']}"
                self._save(record["seen"], cell["seen"])
            records.append(record)
        page = {"photo": photo, "blur": blur, "overview": None, "cells": records}
        if overview is not None:
            page["overview"] = f"review/{key}.png"
            self._save(page["overview"], overview)
        self.state["pages"][key] = page
        self.note(checksum, key)
        if before:
            for name in _files(before) - _files(page):
                (self.folder / name).unlink(missing_ok=True)

    def _save(self, name, image):
        image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
        with complete_file(self.folder / name) as partial:
            image.save(partial, "PNG")

    def save(self):
        """Writes `review.json`, and the manifest where there is an image."""
        write_json(self.folder / "review.json", self.state)
        samples = [
            Sample(cell["character"], self.folder / cell["image"], self.state["writer"])
            for _, _, cell in self.cells()
            if cell["image"]
        ]
        if samples:
            write_manifest(self.folder / "manifest.json", samples)

    def cells(self):
        """(page's key, page, cell) of all that was read, in the order of the pages."""
        pages = sorted(self.state["pages"].items())
        return [(key, page, cell) for key, page in pages for cell in page["cells"]]

    def write_review(self):
        """Writes `review.html`, and `review.png` where something is suspicious."""
        cells = self.cells()
        suspicious = [(p["photo"], c) for _, p, c in cells if c["reasons"]]
        empty = [(p["photo"], c) for _, p, c in cells if not c["image"]]
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
            with complete_file(picture) as partial:
                sheet.save(partial, "PNG")
            rows = [
                [number, cell["character"], ", ".join(cell["reasons"])]
                + [cell["place"], photo, cell["image"]]
                for number, (photo, cell) in enumerate(suspicious, start=1)
            ]
            header = ["number", "character", "why", "where", "photo", "file"]
            sections.append(
                Figure(sheet, "Suspicious", "Left as photographed, right as cleaned.")
            )
            sections.append(Table(header, rows))
        if empty:
            rows = [[cell["character"], cell["place"], photo] for photo, cell in empty]
            sections.append(Table(["character", "where", "photo"], rows, "Empty"))
        for key, page in sorted(self.state["pages"].items()):
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


def page_picture(flat, layout, written, pixels_per_mm):
    """A page with its cells framed: green good, orange suspicious, grey empty."""
    grey = (255 * np.clip(flat.brightness, 0, 1)).astype(np.uint8)
    page = Image.fromarray(grey).reduce(_PAGE_REDUCTION).convert("RGB")
    pen = ImageDraw.Draw(page)
    scale = pixels_per_mm / _PAGE_REDUCTION
    for result in written:
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
