"""Which characters of the sets each font covers: one part a font, then the tables."""

import csv
import io

from hwgen_keras.characters import character_set
from hwgen_keras.characters.sets import NAMES
from hwgen_keras.data.faces import render_face
from hwgen_keras.evaluation import text_table
from hwgen_keras.files import write_json, write_text
from hwgen_keras.sources.font_survey import LeftOut

# Of `render_face`, in words.
FAULTS = {
    "blank": "blank",
    "damaged": "damaged",
    "notdef": "the outline of .notdef",
    "shared": "an outline that many share",
    "full": "almost a full box",
}


def render_part(font, face, characters, image_size, path):
    """Renders one face as a store and then writes a JSON file of what it covers.

    Args:
        font, face: the `Font` and the `Face`.
        characters: the `CharacterSet` to render; those of the named sets are counted.
        image_size: side of the images in pixels.
        path: of the JSON file; the store is beside it, with the same name.
    """
    sets = {name: character_set(name) for name in NAMES}
    known = dict.fromkeys(c for listed in sets.values() for c in listed)
    others = [c for c in known if c not in characters]
    store = path.with_suffix(".store")
    found = render_face(font, characters, image_size, store, others)
    usable = set(found.pop(None))
    names = ("family", "style", "version", "weight", "licence", "licence_url")
    record = {
        "name": font.name,
        **{name: getattr(face, name) for name in names},
        "file": face.path,
        "index": face.index,
        "rendered": sum(c in usable for c in characters),
        "covered": {n: sum(c in usable for c in s) for n, s in sets.items()},
        "faults": {fault: "".join(listed) for fault, listed in found.items()},
        "part": store.name,
    }
    write_json(path, record)


def unusable(records, characters):
    """The fonts without a rendered glyph, a list of `LeftOut`."""
    why = f"has no usable glyph of {characters.name}."
    return [
        LeftOut(r["file"], "broken", f"{r['file']} ({r['name']}) {why}")
        for r in records
        if not r["rendered"]
    ]


def report_left_out(left_out):
    """Prints why files and faces are left out."""
    foreign = [font.reason for font in left_out if font.kind == "foreign"]
    others = [font.reason for font in left_out if font.kind != "foreign"]
    for reason in others + foreign[:5]:
        print(f"Left out: {reason}")
    if foreign[5:]:
        print(f"Left out: {len(foreign) - 5} more without a character of the set.")


def write_coverage(output, records, left_out, characters, image_size):
    """Writes coverage.json and coverage.csv from the records of `render_part`."""
    records = [{k: v for k, v in r.items() if k != "part"} for r in records]
    content = {
        **{"characters": characters.name, "image_size": image_size},
        "sizes_of_sets": _sizes(characters),
        "fonts": records,
        "left_out": [{"file": f.path, "reason": f.reason} for f in left_out],
    }
    write_json(output / "coverage.json", content)
    file = io.StringIO()
    first = ("name", "family", "style", "version", "weight", "rendered")
    last = ("licence", "licence_url", "file", "index")
    sheet = csv.DictWriter(
        *(file, [*first, *NAMES, *FAULTS, *last]),
        extrasaction="ignore",
        lineterminator="\n",
    )
    sheet.writeheader()
    for record in records:
        faults = {fault: len(record["faults"].get(fault, "")) for fault in FAULTS}
        sheet.writerow({**record, **record["covered"], **faults})
    write_text(output / "coverage.csv", file.getvalue())


def coverage_table(records, characters):
    """The coverage as a table of text: font × character set."""
    sizes = _sizes(characters)
    heads = [f"{name} ({size})" for name, size in sizes.items()]
    header = ["font", "weight", *heads, "unusable", "licence"]
    rows = []
    for record in records:
        covered = {**record["covered"], characters.name: record["rendered"]}
        faults = sum(map(len, record["faults"].values()))
        licence = " ".join((record["licence"] or record["licence_url"]).split())
        licence = licence[:39] + "…" if len(licence) > 40 else licence
        # The parts of a folder begun by an earlier version do not count `japanese`.
        counts = (covered.get(name, "") for name in sizes)
        first = record["name"], record["weight"] or ""
        rows.append([*first, *counts, faults or "", licence])
    return text_table(header, rows, left=(0, len(header) - 1))


def _sizes(characters):
    sizes = {name: len(character_set(name)) for name in NAMES}
    return {**sizes, characters.name: len(characters)}
