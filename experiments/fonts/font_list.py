"""A list of fonts by name: which of them are among the font files, and which not."""

import pathlib
import unicodedata

from hwgen_keras.errors import InputError, reason_of
from hwgen_keras.sources.font_files import EXTENSIONS

# Names that are printed; font_list.json has all.
_PRINTED = 20


def read_font_list(path):
    """The names in a text file, a name a line, each once, as a list.

    Blank lines and those that begin with # are skipped. A line may be a file's name,
    as in the original's use_font.txt, or its path on any system: the name is then that
    of the file without its folder and ending.

    Raises:
        InputError: the file cannot be read, or names no font.
    """
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--font_list {path} cannot be read ({reason_of(error)}); give a text file "
            "in UTF-8 with a font's name in each line."
        ) from None
    lines = [line.strip() for line in text.splitlines()]
    names = [_name(line) for line in lines if line and not line.startswith("#")]
    if not names:
        raise InputError(
            f"--font_list {path} names no font; write a name in each line, such as "
            "Noto Sans CJK JP Bold."
        )
    return list(dict.fromkeys(names))


def select_listed(results, names):
    """The faces that a list names, and the list's report.

    A name is that of a face if both are the same but for capitals, spaces and
    punctuation. A face has several names, see `Face.names`; `Regular` at the end of
    either may be left out.

    Args:
        results: list of (file, result of `font_survey.read_file`).
        names: from `read_font_list`.

    Returns:
        (`results` with the listed faces alone, {"found": [...], "missing": [...]}). An
        entry found has the name and the name, file and index of each face; an entry
        that is missing has the name and the styles of its family that are there.
    """
    faces, families = {}, {}
    for _, (readable, _) in results:
        for face, _ in readable:
            for key in {_key(name) for name in face.names}:
                faces.setdefault(key, []).append(face)
            families.setdefault(_key(face.family), []).append(face.style)
    found, missing, listed = [], [], set()
    for name in names:
        # A name of punctuation alone is none.
        same = faces.get(_key(name), []) if _key(name) else []
        listed.update(same)
        if same:
            entries = [{"name": f.name, "file": f.path, "index": f.index} for f in same]
            found.append({"name": name, "faces": entries})
        else:
            styles = sorted(set(families.get(_family(name, families), [])))
            missing.append({"name": name, "styles_found": styles})
    kept = [
        (file, ([pair for pair in readable if pair[0] in listed], reason))
        for file, (readable, reason) in results
    ]
    return kept, {"found": found, "missing": missing}


def report_listed(report):
    """Prints how many of the fonts are found, and which are missing."""
    missing, count = report["missing"], len(report["found"]) + len(report["missing"])
    print(f"--font_list: {len(report['found'])} of {count} fonts found.")
    for entry in missing[:_PRINTED]:
        styles = ", ".join(entry["styles_found"])
        print(f"Missing: {entry['name']}" + (f" (found: {styles})" if styles else ""))
    if missing[_PRINTED:]:
        more = len(missing) - _PRINTED
        print(f"Missing: {more} more, which font_list.json in --output names.")


def _name(line):
    if line.lower().endswith(EXTENSIONS):
        return line.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
    return line


def _key(name):
    """What two names of one font have in common; M+ is another family than M."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    key = "".join(c for c in folded if c.isalnum() or c == "+")
    return key.removesuffix("regular")


def _family(name, families):
    """The longest of the families that a name begins with, or None."""
    key = _key(name)
    return max((f for f in families if f and key.startswith(f)), key=len, default=None)
