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

import dataclasses

from hwgen_keras.errors import InputError
from hwgen_keras.inputs.settings import Characters, Fonts
from hwgen_keras.settings import NOTHING, setting

from . import flags, pages


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(Characters, Fonts):
    """Settings of a practice sheet, and of the reading of handwriting."""

    image_size: int = setting(128, "Side of the images in pixels.", at_least=8)
    stroke_width: float = setting(
        0.06,
        "Mean width of strokes as a share of the image's side; 0 keeps the pen's.",
        at_least=0,
        at_most=0.3,
    )
    sheet: str | None = setting(None, "Practice sheet to write, a PDF.")
    box: float = setting(
        14.0, "Side of a writing box in mm, 8 to 40.", at_least=8, at_most=40
    )
    count: int = setting(1, "Times that the sheet asks for each character.", above=0)
    layout: str | None = setting(
        None, "Layout of the sheet on the photos: the .json beside its PDF."
    )
    photos: tuple[str, ...] = setting(
        (),
        "Photo or scan of a filled page, or a folder of them; may be given several "
        "times.",
    )
    folder: str | None = setting(
        None,
        "Folder of images in folders named by character (あ) or code point (U+3042).",
    )
    writer: str | None = setting(None, "Name of who wrote the pages.")
    output: str | None = setting(
        None,
        "Folder for images, manifest and review; further photos of the same writer "
        "may go to the same one.",
        changes=NOTHING,
    )

    def check(self):
        super().check()
        ways = [name for name in ("sheet", "photos", "folder") if getattr(self, name)]
        if len(ways) != 1:
            raise InputError(
                "Give one of --sheet (a practice sheet to write), --photos (of filled "
                f"pages) or --folder (of sorted images); {len(ways)} are given."
            )
        for name in () if self.sheet else ("writer", "output"):
            if not getattr(self, name):
                raise InputError(f"--{name} is needed.")
        if self.photos and not self.layout:
            raise InputError("--layout is needed: the .json beside the sheet's PDF.")


def main(settings):
    if settings.sheet:
        return pages.write_sheet(settings)
    if settings.photos:
        return pages.read_photos(settings)
    return pages.read_folder(settings)


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
