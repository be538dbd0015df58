"""Records of ETL files are read back bit for bit; codes, writers and models."""

import dataclasses
import io
import pathlib
import tempfile

import etl_files
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hwgen_keras.errors import InputError
from hwgen_keras.sources import etl

pytestmark = pytest.mark.backend_free

KINDS = sorted(etl_files.NAMES)
TABLE = {0: "亜"}


def read(path, records, kind, **options):
    """The contents of a file written for the purpose."""
    file = etl.etl_file(etl_files.write(path, kind, records))
    return etl.read_contents(file, **options)


def values(kind):
    """Fields of a record, each over its whole range."""
    return st.fixed_dictionaries(
        {
            name: st.tuples(*(st.integers(0, top) for top in largest))
            if isinstance(largest, tuple)
            else st.integers(0, largest)
            for name, largest in etl_files.fields(kind).items()
        }
    )


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_what_is_written_is_read_bit_for_bit(kind, data):
    written = data.draw(st.lists(values(kind), min_size=1, max_size=3))
    images = [etl_files.noise(kind, seed) for seed in range(len(written))]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, etl_files.NAMES[kind])
        records = [
            etl_files.record(kind, image, **fields)
            for image, fields in zip(images, written, strict=True)
        ]
        file = etl.etl_file(etl_files.write(path, kind, records))
        raw = file.read(0, file.records)
    layout = file.layout
    assert layout.name == kind and set(layout.fields) == set(written[0])
    assert layout.size == len(records[0])
    for name in written[0]:
        found = layout.field(raw, name).tolist()
        expected = [fields[name] for fields in written]
        assert found == [list(v) if isinstance(v, tuple) else v for v in expected]
    np.testing.assert_array_equal(layout.levels(raw), images)


@pytest.mark.parametrize("kind", KINDS)
def test_png_files_hold_the_levels_black_on_white(kind, tmp_path):
    import tensorflow as tf

    height, width, depth = etl_files.SHAPES[kind]
    levels = np.stack(
        [etl_files.noise(kind), np.arange(height * width).reshape(height, width)]
    ) % (2**depth)
    path = tmp_path / etl_files.NAMES[kind]
    etl_files.write(path, kind, [etl_files.record(kind, image) for image in levels])
    file = etl.etl_file(path)
    pngs = list(etl.png_files(file.layout, file.read(0, 2)))
    for png, image in zip(pngs, levels, strict=True):
        picture = Image.open(io.BytesIO(png))
        grey = np.array(picture.convert("L"))
        if depth == 6:
            np.testing.assert_array_equal((255 - grey) >> 2, image)
            assert grey[image == 0].min() == 255 and grey[image == 63].max() == 0
        else:
            np.testing.assert_array_equal(grey, 255 - image * (255 // (2**depth - 1)))
        decoded = tf.io.decode_png(png, channels=1).numpy()[:, :, 0]
        np.testing.assert_array_equal(decoded, grey)


@pytest.mark.parametrize(
    ("name", "kind", "codes", "expected"),
    [
        ("ETL1C_01", "M", [0x31, 0x41, 0x5C, 0xB1, 0xA8, 0xAA, 0xA6], "1A¥アヰヱヲ"),
        ("ETL5C", "C", [0xB1, 0xA8, 0xAA, 0xDD], "アヰヱン"),
        ("ETL4C", "C", [0xB1, 0xA8, 0xAA, 0xDD], "あゐゑん"),
        ("ETL6C_01", "M", [0xB1, 0xB0, 0x2B], "アー+"),
        ("ETL3C_1", "C", [0x30, 0x5A], "0Z"),
        ("ETL8G_01", "8G", [0x2422, 0x2537, 0x3021], "あシ亜"),
        ("ETL9B_1", "9B", [0x4F53, 0x2473], "腕ん"),
    ],
)
def test_codes_become_characters(tmp_path, name, kind, codes, expected):
    image = etl_files.blank(kind)
    # The reading is only a hint, here a wrong one.
    reading = {"8G": b"KA.HI   ", "9B": b"KA.H"}.get(kind)
    wrong = {"reading": reading} if reading else {}
    records = [etl_files.record(kind, image, jis=code, **wrong) for code in codes]
    assert "".join(read(tmp_path / name, records, kind).characters) == expected


def test_every_code_is_one_character_or_none():
    for name in etl.SETS:
        codes = np.arange(1 << 16)
        characters = etl.characters_of(name, codes, {5: "亜"})
        assert {len(character) for character in characters} <= {0, 1}
        known = characters[characters != ""]
        # No two codes of one byte or of JIS X 0208 are the same character.
        assert len(np.unique(known)) >= len(known) - 2


def test_lone_marks_are_left_out_unless_wanted(tmp_path):
    image = etl_files.blank("M")
    records = [etl_files.record("M", image, jis=code) for code in (0xDE, 0xB1, 0xDF)]
    path = tmp_path / "ETL7LC_1"
    assert "".join(read(path, records, "M").characters) == "あ"
    assert "".join(read(path, records, "M", marks=True).characters) == "゛あ゜"


@pytest.mark.parametrize(
    ("name", "kind", "codes"),
    [("ETL1C_02", "M", [0x31, 0x20, 0x05, 0x05]), ("ETL8G_02", "8G", [0x3021, 0x2F7F])],
)
def test_unknown_codes_are_an_error_or_left_out(tmp_path, name, kind, codes):
    image = etl_files.blank(kind)
    records = [etl_files.record(kind, image, jis=code) for code in codes]
    with pytest.raises(InputError, match=f"{name} .* in {len(codes) - 1} of its .* 0x"):
        read(tmp_path / name, records, kind)
    contents = read(tmp_path / name, records, kind, skip_unknown=True)
    assert contents.records.tolist() == [0]
    assert sum(contents.unknown.values()) == len(codes) - 1
    assert name in etl.describe_unknown(contents.file, contents.unknown)


class TestWriters:
    def test_sheets_are_the_writers_of_types_m_and_c(self, tmp_path):
        for name, kind in (("ETL6C_03", "M"), ("ETL3C_1", "C")):
            image = etl_files.blank(kind)
            sheets = [5, 0, 5, 1382]
            records = [etl_files.record(kind, image, jis=0x41, sheet=s) for s in sheets]
            contents = read(tmp_path / name, records, kind)
            writers = [contents.sources[i] for i in contents.source_ids]
            assert writers == [f"{name[:4]}-{sheet:04d}" for sheet in sheets]

    @pytest.mark.parametrize(
        ("name", "size", "first"),
        [("ETL8G_02", 956, 6), ("ETL9G_50", 3036, 197), ("ETL9B_2", 3036, 41)],
    )
    def test_data_sets_are_the_writers_by_position(self, tmp_path, name, size, first):
        kind = name[3:5]
        image = etl_files.blank(kind)
        codes = etl_files.jis_codes(size)
        codes += codes[:10]  # the next data set begins
        record = etl_files.record(kind, image, sheet=1)
        records = [record[:2] + code.to_bytes(2, "big") + record[4:] for code in codes]
        contents = read(tmp_path / name, records, kind)
        assert contents.sources == (
            f"ETL{kind}-{first:03d}",
            f"ETL{kind}-{first + 1:03d}",
        )
        assert contents.source_ids.tolist() == [0] * size + [1] * 10

    @pytest.mark.parametrize(("name", "first"), [("ETL8B2-2", 1), ("ETL9B_3", 81)])
    def test_files_by_category_count_among_equals(self, tmp_path, name, first):
        kind = name[3:5]
        image = etl_files.blank(kind)
        codes = [0x3021] * 4 + [0x3022] * 3
        records = [etl_files.record(kind, image, jis=code) for code in codes]
        contents = read(tmp_path / name, records, kind)
        assert contents.source_ids.tolist() == [0, 1, 2, 3, 0, 1, 2]
        assert contents.sources[0] == f"ETL{kind}-{first:03d}"

    def test_more_data_sets_than_a_file_has_are_refused(self, tmp_path):
        record = etl_files.record("9G", etl_files.blank("9G"), jis=0x3021)
        with pytest.raises(InputError, match="more than the 4 data sets of 3036"):
            read(tmp_path / "ETL9G_01", [record] * (4 * 3036 + 1), "9G")


@pytest.mark.parametrize(
    ("name", "models"), [("ETL8B2C3", 956), ("ETL9B_5", 3036), ("ETL8G_33", None)]
)
def test_printed_models_are_left_out_unless_wanted(tmp_path, name, models):
    kind = name[3:5]
    record = etl_files.record(kind, etl_files.blank(kind), jis=0x3021)
    total = (models or 0) + 5
    contents = read(tmp_path / name, [record] * total, kind)
    written = 5 if models else 0
    assert contents.records.tolist() == list(range(written))
    contents = read(tmp_path / name, [record] * total, kind, models=True)
    assert contents.printed.tolist() == [False] * written + [True] * (total - written)
    assert contents.sources[contents.source_ids[-1]] == f"ETL{kind}-models"


def test_images_are_those_of_the_samples_kept(tmp_path, monkeypatch):
    from hwgen_keras.sources.etl import reader

    monkeypatch.setattr(reader, "_BLOCK_BYTES", 2 * 2052)
    codes = [0xDE, 0xB1, 0xDE, 0xDE, 0xDE, 0xB2, 0xB3]
    images = [etl_files.noise("M", seed) for seed in range(len(codes))]
    records = [
        etl_files.record("M", image, jis=code)
        for image, code in zip(images, codes, strict=True)
    ]
    contents = read(tmp_path / "ETL7SC_2", records, "M")
    found = dict(contents.part(1, 3).images())
    assert sorted(found) == [0, 1]
    for number, record in enumerate((5, 6)):
        picture = np.array(Image.open(io.BytesIO(found[number])))
        np.testing.assert_array_equal(picture, 255 - 17 * images[record])
    assert [len(numbers) for numbers, _ in contents.levels()] == [1, 1, 1]


class TestETL2:
    def test_needs_the_table_of_co_59(self, tmp_path):
        record = etl_files.record("K", etl_files.blank("K"))
        with pytest.raises(InputError, match="give --co59"):
            read(tmp_path / "ETL2_1", [record], "K")

    def test_is_printed_and_its_styles_are_the_sources(self, tmp_path):
        image = etl_files.blank("K")
        # In the code T56: MINCHO, and nothing but spaces and signs.
        styles = [(36, 25, 37, 19, 24, 38), (16, 16, 42, 48, 16, 63)]
        records = [
            etl_files.record("K", image, co59=64 * 5 + 12, style=style)
            for style in styles
        ]
        contents = read(tmp_path / "ETL2_5", records, "K", co59={332: "亜"})
        assert contents.printed.all() and contents.characters.tolist() == ["亜"] * 2
        names = [contents.sources[i] for i in contents.source_ids]
        assert names == ["ETL2-MINCHO", "ETL2"]

    @pytest.mark.parametrize("encoding", ["euc_jp", "utf-8"])
    def test_the_table_is_read(self, tmp_path, encoding):
        path = tmp_path / "表 co59.dat"
        path.write_bytes("亜:5,12 唖:0,1\n：:63,63\n".encode(encoding))
        assert etl.read_co59(path) == {332: "亜", 1: "唖", 4095: "："}

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "has no entry"),
            (b"\xff\xfe\x00", "has no entry"),
            ("亜:5".encode("euc_jp"), "has the entry '亜:5'"),
            ("亜:5,64".encode("euc_jp"), "has the entry"),
            ("亜い:5,6".encode("euc_jp"), "has the entry"),
            ("亜:5,6 唖:5,6".encode("euc_jp"), "to 亜 and to 唖"),
            (b"a:" + b"9" * 5000 + b",1", "has the entry"),
        ],
    )
    def test_a_malformed_table_is_an_error(self, tmp_path, content, message):
        path = tmp_path / "euc_co59.dat"
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            etl.read_co59(path)

    def test_a_missing_table_is_an_error(self, tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            etl.read_co59(tmp_path / "none.dat")


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=25)
@given(
    content=st.binary(max_size=64),
    count=st.integers(0, 5),
    rest=st.sampled_from([0, 0, 0, 1, 511]),
)
def test_any_bytes_give_contents_or_an_input_error(kind, content, count, rest):
    name = etl_files.NAMES[kind]
    with tempfile.TemporaryDirectory() as folder:
        size = etl.LAYOUTS[kind].size
        whole = (content + b"\x30" * 7) * (count * size)
        path = pathlib.Path(folder, name)
        path.write_bytes(whole[: count * size + rest])
        try:
            file = etl.etl_file(path)
            contents = etl.read_contents(
                file, models=True, marks=True, co59=TABLE, skip_unknown=True
            )
        except InputError as error:
            assert name in str(error) and "\n" not in str(error)
            return
        assert len(list(contents.images())) == len(contents) <= count
        assert dataclasses.is_dataclass(contents)
