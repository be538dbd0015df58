"""Online handwriting is read from every format, and each offender is named."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwgen_keras.errors import InputError
from hwgen_keras.sources.online.reading import read_online

pytestmark = pytest.mark.backend_free

# Tenths, which all formats can write exactly.
NUMBER = st.integers(-9999, 9999).map(lambda n: n / 10)
STROKES = st.lists(
    st.lists(st.tuples(NUMBER, NUMBER), min_size=1, max_size=5), min_size=1, max_size=4
)


def as_json(strokes):
    return json.dumps({"hanako": {"あ": strokes}})


def as_tegaki(strokes):
    inside = "".join(
        "<stroke>" + "".join(f'<point x="{x}" y="{y}"/>' for x, y in s) + "</stroke>"
        for s in strokes
    )
    return f"<character><utf8>あ</utf8><strokes>{inside}</strokes></character>"


def as_inkml(strokes):
    traces = (", ".join(f"{x} {y} 7" for x, y in stroke) for stroke in strokes)
    inside = "".join(f"<trace>{trace}</trace>" for trace in traces)
    return (
        '<ink xmlns="http://www.w3.org/2003/InkML">'
        f'<annotation type="truth">あ</annotation>{inside}</ink>'
    )


def as_svg(strokes):
    paths = (" L".join(f"{x},{y}" for x, y in stroke) for stroke in strokes)
    inside = "".join(f'<path d="M{path}"/>' for path in paths)
    head = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:kvg="http://kanjivg">'
    return f'{head}<g kvg:element="あ">{inside}</g></svg>'


def as_unipen(strokes):
    parts = ("\n".join(f"{x} {-y}" for x, y in stroke) for stroke in strokes)
    pens = "".join(f".PEN_DOWN\n{part}\n.PEN_UP\n" for part in parts)
    # Pen-ups are components, too.
    chosen = ",".join(str(2 * i) for i in range(len(strokes)))
    return f'.COORD X Y\n{pens}.SEGMENT CHARACTER {chosen} ? "あ"\n'


WRITE = {
    ".json": as_json,
    ".xml": as_tegaki,
    ".inkml": as_inkml,
    ".svg": as_svg,
    ".dat": as_unipen,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("オン ライン")


@pytest.mark.parametrize("suffix", WRITE)
@given(strokes=STROKES)
def test_what_was_written_is_read(suffix, folder, strokes):
    file = folder / f"sample{suffix}"
    file.write_text(WRITE[suffix](strokes), "utf-8")
    found = read_online(file)
    (sample,) = found.samples
    assert (sample.character, found.refused) == ("あ", [])
    assert sample.writer == ("hanako" if suffix == ".json" else "sample")
    for points, stroke in zip(sample.strokes, strokes, strict=True):
        np.testing.assert_allclose(points, stroke)


STROKE = "[[1, 2], [3, 4]]"
REFUSED = {
    "no strokes": ("a.json", '{"w": {"あ": []}}', "あ: it has no strokes"),
    "no points": ("a.json", '{"w": {"あ": [[]]}}', "stroke 1 has no point"),
    "words": ("a.json", '{"w": {"あ": [[["x", 2]]]}}', "stroke 1 is not a list of p"),
    "not finite": ("a.json", '{"w": {"あ": [[[NaN, 2]]]}}', "no finite number"),
    "infinite": ("a.json", '{"w": {"あ": [[[1e999, 2]]]}}', "no finite number"),
    "one number": ("a.json", '{"w": {"あ": [[[1]]]}}', "no x or no y"),
    "no label": ("a.json", f'{{"w": {{"ああ": [{STROKE}]}}}}', "not one character"),
    "a list": ("a.json", "[1]", "it must be {writer: {character: [stroke, …]}}"),
    "a writer's list": ("a.json", '{"w": [1]}', "of w it must have {character"),
    "truncated": ("a.json", '{"w": ', "it is damaged"),
    "empty xml": ("a.xml", "", "it is damaged"),
    "no character": ("a.xml", "<tomoe/>", "it holds no sample"),
    "no label in xml": ("ab.xml", as_tegaki([[(1, 2)]]).replace("あ", ""), "not one"),
    "differences": ("a.inkml", as_inkml([[(1, 2)]]).replace("1", "'1"), "differences"),
    "moved": ("あ.svg", "<svg><g transform='scale(2)'/></svg>", "`transform`"),
    "two pieces": ("あ.svg", "<svg><path d='M1,2L3,4M5,6L7,8'/></svg>", "in several p"),
    "no path": ("あ.svg", "<svg><path d='Mabc'/></svg>", "cannot be read"),
    "no component": ("a.dat", '.SEGMENT CHARACTER 3 ? "あ"', "a component that it la"),
    "no numbers": ("a.dat", '.SEGMENT CHARACTER a-1 ? "あ"', "is no list of compone"),
    "no x": ("a.dat", ".COORD P Q", "names no X and Y"),
}


@pytest.mark.parametrize("name, text, why", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_named(name, text, why, tmp_path):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(InputError) as error:
        read_online(tmp_path / name)
    message = str(error.value)
    assert why in message and name in message and "\n" not in message
    # Among others it is left out, and listed.
    (tmp_path / "か.svg").write_text(as_svg([[(1, 2), (3, 4)]]), "utf-8")
    found = read_online(tmp_path)
    assert [sample.writer for sample in found.samples] == [tmp_path.name]
    ((refused, reason),) = found.refused
    assert name in refused and why.split(": ")[-1] in reason


def test_a_file_without_a_label_has_it_in_its_name(tmp_path):
    text = as_svg([[(1, 2), (3, 4)]]).replace(' kvg:element="あ"', "")
    for name in ("い_2.svg", "3042.svg"):
        (tmp_path / name).write_text(text, "utf-8")
    characters = [sample.character for sample in read_online(tmp_path).samples]
    assert characters == ["あ", "い"]


def test_curves_become_points(tmp_path):
    path = "<svg><path d='M0,0C0,1 1,1 1,0S2,-1 2,0Q2.5,1 3,0'/></svg>"
    (tmp_path / "あ.svg").write_text(path, "utf-8")
    (points,) = read_online(tmp_path / "あ.svg").samples[0].strokes
    assert len(points) == 1 + 3 * 16
    np.testing.assert_allclose(points[[0, 8, 16, 24, 32, 40, 48], 0], np.arange(7) / 2)
    np.testing.assert_allclose(points[[8, 24, 40], 1], [0.75, -0.75, 0.5])


def test_other_files_and_missing_ones_are_refused(tmp_path):
    with pytest.raises(InputError, match="is no file of online handwriting"):
        read_online(tmp_path / "a.png")
    with pytest.raises(InputError, match="There is no file .*a.json; check the path"):
        read_online(tmp_path / "a.json")
    with pytest.raises(InputError, match="it holds no file of strokes"):
        read_online(tmp_path)
