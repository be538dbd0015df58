"""A part of a set: its images, where each comes from, and what was rejected."""

import dataclasses
import io
import json

import numpy as np


@dataclasses.dataclass(slots=True)
class ImageRecord:
    """An accepted image."""

    row: int  # row of the sampler
    attempt: int  # number of images of the row that were rejected before it
    score: float | None  # probability by the reader
    label: int  # class id
    writer: str  # the hand
    style: str  # the images, or tracks, that showed the hand
    font: str  # whose glyph was rewritten
    png: bytes = b""


_NAMES = [field.name for field in dataclasses.fields(ImageRecord)][:-1]


@dataclasses.dataclass(frozen=True)
class Part:
    """The images of a part.

    Attributes:
        images: list of `ImageRecord`, in the order of their rows.
        rejected: {(class id, reason): images}.
        dropped: class ids of the rows without an image.
    """

    images: list
    rejected: dict
    dropped: list

    def record(self) -> str:
        """All but the PNG files, as JSON."""
        content = {
            "images": [[getattr(i, name) for name in _NAMES] for i in self.images],
            "rejected": [[*key, count] for key, count in sorted(self.rejected.items())],
            "dropped": self.dropped,
        }
        return json.dumps(content)

    @classmethod
    def of_record(cls, content, pngs=()):
        """The part of a `record`, read as JSON, with the PNG file of each image."""
        images = [ImageRecord(*row) for row in content["images"]]
        for image, png in zip(images, pngs, strict=bool(pngs)):
            image.png = png
        rejected = {(label, why): n for label, why, n in content["rejected"]}
        return cls(images, rejected, content["dropped"])

    def to_bytes(self) -> bytes:
        """The part as a NumPy archive, whose checksums tell if it is damaged."""
        file = io.BytesIO()
        pngs = [image.png for image in self.images]
        np.savez(
            file,
            record=np.frombuffer(self.record().encode(), np.uint8),
            ends=np.cumsum([0, *map(len, pngs)]),
            pngs=np.frombuffer(b"".join(pngs), np.uint8),
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes):
        """The part of `to_bytes`; an error of any kind if it is damaged."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            record = json.loads(arrays["record"].tobytes())
            ends, pngs = arrays["ends"].tolist(), arrays["pngs"].tobytes()
        files = [pngs[a:b] for a, b in zip(ends, ends[1:], strict=False)]
        return cls.of_record(record, files)
