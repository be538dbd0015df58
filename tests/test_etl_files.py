"""ETL files are recognised by their names and sizes."""

import pathlib

import pytest

from hwgen_keras.errors import InputError
from hwgen_keras.sources import etl

pytestmark = pytest.mark.backend_free


def make(path, size):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    return path


@pytest.mark.parametrize(
    ("name", "expected", "size", "records"),
    [
        ("ETL1C_01", "ETL1-1", 2052, 1),
        ("ETL1C-13", "ETL1-13", 2052, 1),
        ("ETL2_1", "ETL2-1", 2745, 1),
        ("ETL3C_2", "ETL3-2", 2952, 1),
        ("ETL4C", "ETL4-1", 2952, 1),
        ("ETL5C", "ETL5-1", 2952, 1),
        ("ETL6C_12", "ETL6-12", 2052, 1),
        ("ETL7LC_1", "ETL7LC-1", 2052, 1),
        ("ETL7SC_2", "ETL7SC-2", 2052, 1),
        ("ETL8B2C1", "ETL8B-1", 3 * 512, 2),
        ("ETL8B2-3", "ETL8B-3", 2 * 512, 1),
        ("ETL8G_01", "ETL8G-1", 8199 * 3, 3),
        ("ETL8G-33", "ETL8G-33", 8199, 1),
        ("etl9b_5", "ETL9B-5", 2 * 576, 1),
        ("ETL9G_50", "ETL9G-50", 8199, 1),
    ],
)
def test_names_on_disk_and_in_the_documents(tmp_path, name, expected, size, records):
    file = etl.etl_file(make(tmp_path / name, size))
    assert (file.name, file.records) == (expected, records)
    assert file.set == expected.split("-")[0].removesuffix("LC").removesuffix("SC")


@pytest.mark.parametrize(
    "name",
    [
        *("ETL8G_01.png", "ETL8INFO", "ETL10_1", "ETL9B", "euc_co59.dat", "ETL1"),
        *("xETL9B_1", "ETL9B_1 copy", "ETL9B_123", "ETL9B_\u0661"),
    ],
)
def test_other_names_are_of_no_set(tmp_path, name):
    assert etl.etl_file(make(tmp_path / name, 5)) is None


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("ETL9B_1", 576 * 3 + 100, "ETL9B_1 has 1828 bytes, which is 100 more"),
        ("ETL8G_01", 8198, "which is 8198 more than a whole number of records of 8199"),
        ("ETL1C_01", 0, "ETL1C_01 holds no record"),
        ("ETL8B2C1", 512, "ETL8B2C1 holds no record"),
    ],
)
def test_a_size_that_does_not_fit_is_an_error(tmp_path, name, size, message):
    with pytest.raises(InputError, match=message):
        etl.etl_file(make(tmp_path / name, size))


def test_a_file_that_shrinks_is_an_error(tmp_path):
    file = etl.etl_file(make(tmp_path / "ETL9G_01", 2 * 8199))
    make(tmp_path / "ETL9G_01", 8199)
    with pytest.raises(InputError, match="ETL9G_01 became shorter"):
        file.read(0, 2)
    file.path.unlink()
    with pytest.raises(InputError, match="ETL9G_01 cannot be read"):
        file.read(0, 1)


class TestFind:
    def test_folders_in_folders_with_japanese_and_long_names(self, tmp_path):
        deep = tmp_path / "手書き 文字" / ("長" * 66) / "ETL8G"
        for name in ("ETL8G_02", "ETL8G_01"):
            make(deep / name, 8199)
        make(tmp_path / "ETL7" / "ETL7SC_1", 2052)
        make(tmp_path / "ETL7" / "ETL7LC_2", 2052)
        make(tmp_path / "ETL7" / "ETL7INFO", 10)
        files, others = etl.find_etl_files([tmp_path])
        names = [file.name for file in files]
        assert names == ["ETL7LC-2", "ETL7SC-1", "ETL8G-1", "ETL8G-2"]
        assert [pathlib.Path(path).name for path in others] == ["ETL7INFO"]

    def test_sets_leave_out_others_even_if_they_are_broken(self, tmp_path):
        make(tmp_path / "ETL9B_1", 2 * 576)
        make(tmp_path / "ETL8B2C1", 1)
        files, others = etl.find_etl_files([tmp_path], ["ETL9B"])
        assert [file.set for file in files] == ["ETL9B"]
        assert [pathlib.Path(path).name for path in others] == ["ETL8B2C1"]

    def test_a_folder_given_twice_counts_once(self, tmp_path):
        path = make(tmp_path / "ETL9B_1", 2 * 576)
        files, _ = etl.find_etl_files([tmp_path, path])
        assert len(files) == 1

    def test_the_same_file_in_two_places_is_refused(self, tmp_path):
        make(tmp_path / "a" / "ETL8B2C1", 1024)
        make(tmp_path / "b" / "ETL8B2-1", 1024)
        with pytest.raises(InputError, match="are both file 1 of ETL8B; remove one"):
            etl.find_etl_files([tmp_path])

    @pytest.mark.parametrize(
        ("sets", "message"),
        [
            (["ETL10"], "There is no ETL set ETL10; choose from ETL1, "),
            (["ETL9B", "ETL1"], "There is no file of ETL1 in "),
        ],
    )
    def test_wrong_sets(self, tmp_path, sets, message):
        make(tmp_path / "ETL9B_1", 2 * 576)
        with pytest.raises(InputError, match=message):
            etl.find_etl_files([tmp_path], sets)

    def test_nothing_there(self, tmp_path):
        with pytest.raises(InputError, match="There is no ETL file in"):
            etl.find_etl_files([tmp_path])
        with pytest.raises(InputError, match="does not exist"):
            etl.find_etl_files([tmp_path / "none"])
