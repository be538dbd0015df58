"""What a set is: all that determines its parts, which any process may then compute."""

import dataclasses
import functools
import hashlib
import json

from hwgen_keras.characters import CharacterSet
from hwgen_keras.generation.rows import CharacterRows, parts_of

# What differs between two requests, in words, where its key does not say it.
_WORDS = {
    "model": "weights",
    "store": "images or tracks of the data",
    "sha256": "characters or inputs",
    "form": "format",
    "versions": "version of",
}


class SetRows(CharacterRows):
    """The rows of a set, without the data that they show.

    Args:
        characters: the `CharacterSet` of the labels.
        counts: {character: images}.
        image_size: side of the images in pixels.
        seed: of the sampler.
    """

    def __init__(self, characters, counts, image_size, seed):
        able = [characters.index(character) for character in counts]
        super().__init__(characters, able, counts, "", "")
        self.image_size, self.seed = image_size, seed

    @classmethod
    def of_sampler(cls, sampler):
        """Those of the sampler of a set."""
        named = [sampler.characters[label] for label in sampler.labels]
        counts = dict(zip(named, sampler.counts.tolist(), strict=True))
        return cls(sampler.characters, counts, sampler.image_size, sampler.seed)

    def to_json(self):
        """As JSON, see `of_json`."""
        named = [self.characters[label] for label in self.labels]
        return {
            "characters": [self.characters.name, *self.characters],
            "counts": dict(zip(named, self.counts.tolist(), strict=True)),
            "image_size": self.image_size,
            "seed": self.seed,
        }

    @classmethod
    def of_json(cls, content):
        """The rows of `to_json`."""
        name, *characters = content["characters"]
        return cls(CharacterSet(name, characters), *list(content.values())[1:])


@dataclasses.dataclass(frozen=True)
class Job:
    """A set to be made.

    Part n follows from the request and n alone: the request has the batch size, the
    versions and the processor, too, since another order of sums can move a grey.

    Attributes:
        request: all that determines the images, as JSON.
        rows: the `SetRows`.
        notes: what generation.json keeps besides, as JSON.
    """

    request: dict
    rows: SetRows
    notes: dict

    @functools.cached_property
    def parts(self):
        """The rows of each part, see `parts_of`."""
        return parts_of(self.rows.counts.tolist(), self.request["part_rows"])

    @property
    def digest(self):
        """SHA-256 of the request."""
        text = json.dumps(self.request, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self):
        """As JSON, see `of_json`."""
        return {
            "request": self.request,
            "rows": self.rows.to_json(),
            "notes": self.notes,
        }

    @classmethod
    def of_json(cls, content):
        """The job of `to_json`; KeyError, TypeError or ValueError if it is none."""
        rows = SetRows.of_json(content["rows"])
        return cls(content["request"], rows, content["notes"])


def difference(before, now):
    """The first difference of two requests in words, such as `batch_size 64, not 32`.

    None if they are the same. `before` may be any JSON.
    """
    if before == now:
        return None
    if not isinstance(before, dict):
        return "no request"
    key = next(key for key in [*now, *before] if before.get(key) != now.get(key))
    old, new, words = before.get(key), now.get(key), _WORDS.get(key, key)
    if isinstance(old, dict) and isinstance(new, dict):
        inside = difference(old, new)
        return f"{words} {inside}" if key == "versions" else inside
    if any(isinstance(value, str) and len(value) == 64 for value in (old, new)):
        return f"other {words}"
    return f"{words} {old}, not {new}"
