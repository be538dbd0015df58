"""The formats of online handwriting, each read by a function.

A function takes the text of a file and yields a tuple for each sample in it: label or
None, writer, strokes (lists of points), and the place in the file. It raises
`Unusable`, or an error of the parser, about the whole file.

Sources: W3C, Ink Markup Language (InkML), 2011; Tegaki's XML of characters and their
collections; KanjiVG's SVG; Guyon et al., UNIPEN project of on-line data exchange and
recognizer benchmarks, 1994.
"""

import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.svgLib.path import parse_path

from hwgen_keras.sources.online.samples import Unusable

# Straight pieces that replace a curve of an SVG file.
_PIECES = 16
# What InkML puts before coordinates that are differences to the ones before.
_DIFFERENCES = re.compile(r"['\"*?]")


def read_json(text):
    """`{writer: {character: [stroke, …]}}`; several samples: a list of such lists."""
    content = json.loads(text)
    if not isinstance(content, dict):
        raise Unusable("it must be {writer: {character: [stroke, …]}}")
    for writer, written in content.items():
        if not isinstance(written, dict):
            raise Unusable(f"of {writer} it must have {{character: [stroke, …]}}")
        for character, strokes in written.items():
            for number, sample in enumerate(_samples_of(strokes)):
                place = f"{writer}/{character}"
                yield character, writer, sample, place + f"#{number}" * (number > 0)


def _samples_of(strokes):
    """The samples of a character: strokes of points, or a list of such samples."""
    try:
        deeper = isinstance(strokes[0][0][0], list)
    except (TypeError, IndexError, KeyError):
        deeper = False
    return strokes if deeper else [strokes]


def read_tegaki(text):
    """`<character>` elements, alone or in sets of a `<character-collection>`."""
    for number, element in enumerate(_elements(text, "character")):
        label = _text_of(element, "utf8")
        strokes = [
            [(point.get("x"), point.get("y")) for point in _inside(stroke, "point")]
            for stroke in _inside(element, "stroke")
        ]
        yield label, "", strokes, f"character {number + 1}"


def read_inkml(text):
    """Traces in groups with an annotation of the type "truth", or one for the file."""
    root = ElementTree.fromstring(text)
    writer = _annotation(root, "writer") or ""
    groups = [
        g for g in _inside(root, "traceGroup") if not list(_inside(g, "traceGroup"))
    ]
    for number, group in enumerate(groups or [root]):
        label = _annotation(group, "truth") or _annotation(root, "truth")
        traces = [trace for trace in _inside(group, "trace")]
        yield (
            label,
            writer,
            [_trace(t.text or "") for t in traces],
            f"group {number + 1}",
        )


def _trace(text):
    if _DIFFERENCES.search(text):
        raise Unusable("its traces are differences; save them as absolute coordinates")
    points = [point.split() for point in text.split(",")]
    return [point for point in points if point]


def read_svg(text):
    """Paths in the order of the file, as in KanjiVG; `kvg:element` names the label."""
    text = text[text.index("<svg") :] if "<svg" in text else text
    root = ElementTree.fromstring(re.sub(r"\bkvg:", "kvg_", text))
    if any(element.get("transform") for element in _inside(root, "g")):
        raise Unusable("it moves its strokes by `transform`; save plain paths")
    labels = [g.get("kvg_element") for g in _inside(root, "g") if g.get("kvg_element")]
    strokes = [_path(path.get("d")) for path in _inside(root, "path") if path.get("d")]
    yield labels[0] if labels else None, "", strokes, ""


def _path(data):
    pen = DecomposingRecordingPen({})
    try:
        parse_path(data, pen)
    except (ValueError, IndexError, NotImplementedError):
        raise Unusable("one of its paths cannot be read") from None
    t = np.linspace(0, 1, _PIECES + 1)[1:, None]
    points: list = []
    for operation, operands in pen.value:
        operands = np.asarray(operands, float)
        if operation == "moveTo" and points:
            raise Unusable("one of its paths is in several pieces; give each its own")
        if operation == "curveTo":
            start, (first, second, end) = points[-1], operands
            curve = (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * first
            operands = curve + 3 * (1 - t) * t**2 * second + t**3 * end
        elif operation == "qCurveTo":
            start, (control, end) = points[-1], operands
            operands = (1 - t) ** 2 * start + 2 * (1 - t) * t * control + t**2 * end
        points.extend(operands)
    return points


def read_unipen(text):
    """The components that `.SEGMENT CHARACTER` lines name; y grows upwards."""
    components: list[list] = []
    segments, down, writer, columns = [], False, "", ["X", "Y"]
    for line in text.splitlines():
        keyword, _, rest = line.strip().partition(" ")
        if keyword == ".COORD":
            columns = rest.split()
            if not {"X", "Y"} <= {*columns}:
                raise Unusable("its .COORD names no X and Y")
        elif keyword == ".WRITER_ID":
            writer = rest.strip()
        elif keyword in (".PEN_DOWN", ".PEN_UP"):
            down = keyword == ".PEN_DOWN"
            components.append([])
        elif keyword == ".SEGMENT":
            segments.append(rest)
        elif keyword and not keyword.startswith(".") and down:
            values = dict(zip(columns, line.split(), strict=False))
            components[-1].append((values.get("X"), _negated(values.get("Y"))))
    for number, segment in enumerate(segments):
        match = re.fullmatch(r'CHARACTER\s+(\S+)\s+\S+\s+"(.*)"\s*', segment)
        if match is None:
            continue
        chosen = [components[i] for i in _ranges(match[1], len(components))]
        yield match[2], writer, [c for c in chosen if c], f"segment {number + 1}"


def _negated(number):
    """Minus a number in text, for y grows upwards in UNIPEN; no number is unchanged."""
    try:
        return -float(number)
    except (TypeError, ValueError):
        return number


def _ranges(text, count):
    """The numbers of "0-2,4" below `count`."""
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            raise Unusable(f"its segment {text!r} is no list of components")
        if not int(first) <= int(last or first) < count:
            raise Unusable(f"its segment {text!r} names a component that it lacks")
        yield from range(int(first), int(last or first) + 1)


def _local(element):
    return element.tag.rpartition("}")[2]


def _inside(element, name):
    return (e for e in element.iter() if e is not element and _local(e) == name)


def _elements(text, name):
    root = ElementTree.fromstring(text)
    return [root] if _local(root) == name else list(_inside(root, name))


def _text_of(element, name):
    return next((e.text for e in _inside(element, name)), None)


def _annotation(element, kind):
    found = (e for e in element if _local(e) == "annotation" and e.get("type") == kind)
    return next((e.text for e in found), None)


# {suffix: the function that reads such a file}.
FORMATS = {
    ".json": read_json,
    ".xml": read_tegaki,
    ".inkml": read_inkml,
    ".svg": read_svg,
    ".dat": read_unipen,
    ".unipen": read_unipen,
}
