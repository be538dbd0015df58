"""prepare_etl: from files of the database to a store, manifests and pictures."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import etl_files
import numpy as np
import pytest
from PIL import Image

from experiments import prepare_etl
from hwgen_keras import parallel
from hwgen_keras.data import FONT, ImageStore, read_manifest
from hwgen_keras.data.etl_store import split_etl_writers
from hwgen_keras.errors import InputError
from hwgen_keras.files import locked_folder

pytestmark = pytest.mark.backend_free


def call(folder, output, **values):
    values = {"etl": [str(folder)], "output": str(output), "workers": 1, **values}
    return prepare_etl.main(prepare_etl.Settings(**values))


@pytest.fixture
def folder(tmp_path):
    """ETL1 (six sheets of アイ), ETL8B (four writers of 亜唖) and a text."""
    folder = tmp_path / "手書き 文字" / ("長" * 60)
    records = [
        etl_files.record("M", etl_files.noise("M", sheet), jis=code, sheet=sheet)
        for code in (0xB1, 0xB2)
        for sheet in range(1, 7)
    ]
    etl_files.write(folder / "ETL1" / "ETL1C_01", "M", records)
    records = [
        etl_files.record("8B", etl_files.noise("8B", 10 + writer), jis=code)
        for code in (0x3021, 0x3022)
        for writer in range(4)
    ]
    etl_files.write(folder / "ETL8B2C1", "8B", records)
    (folder / "READ ME.txt").write_text("about")
    return folder


def test_everything_is_there_bit_for_bit(folder, tmp_path, capsys):
    output = tmp_path / "出力 1"
    store = ImageStore.open(call(folder, output, png=True))
    printed = capsys.readouterr().out
    assert "ETL1: 1 file, 12 records" in printed
    assert "Ignored 1 other files: READ ME.txt" in printed
    assert len(store) == 20 and set(store.characters) == set("アイ亜唖")
    np.testing.assert_array_equal(
        store.decode_one(2), 255 - 17 * etl_files.noise("M", 3)
    )
    np.testing.assert_array_equal(
        store.decode_one(12 + 5), 255 - 255 * etl_files.noise("8B", 11)
    )
    samples = read_manifest(output / "all.json")
    assert [s.index for s in samples] == list(range(20))
    for sample in samples:
        assert store.characters[store.labels[sample.index]] == sample.character
        assert store.source_names[store.sources[sample.index]] == sample.writer
    assert {s.writer for s in samples[:12]} == {f"ETL1-{i:04d}" for i in range(1, 7)}

    parts = [
        read_manifest(output / f"{name}.json") for name in ("train", "val", "test")
    ]
    writers = [{sample.writer for sample in part} for part in parts]
    assert sum(map(len, parts)) == 20 and sum(map(len, writers)) == 10
    assert set.union(*writers) == set(store.source_names)
    for found in writers:  # each part has writers of each set
        assert {name[:4] for name in found} == {"ETL1", "ETL8"}

    png = output / "png" / "4e9c" / "ETL8B-002-ETL8B-1-000001.png"
    np.testing.assert_array_equal(
        np.array(Image.open(png).convert("L")), store.decode_one(13)
    )
    assert len(list(output.rglob("png/*/*.png"))) == 20
    sheets = sorted(path.name for path in (output / "sheets").iterdir())
    assert sheets == ["ETL1.png", "ETL1.txt", "ETL8B.png", "ETL8B.txt"]
    assert (output / "sheets" / "ETL1.txt").read_text("utf-8") == "ア\nイ\n"
    assert not (output / "parts").exists() and not list(output.rglob(".partial*"))


def test_a_finished_output_is_left_alone(folder, tmp_path, capsys):
    path = call(folder, tmp_path / "out")
    before = path.stat().st_mtime_ns
    assert call(folder, tmp_path / "out") == path
    assert "is complete already" in capsys.readouterr().out
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"fractions": "0.5,0.25,0.25"}, "--fractions"),
        ({"seed": 1}, "--seed"),
        ({"models": True}, "--models"),
        ({"sets": "ETL1"}, "ETL files"),
    ],
)
def test_another_request_for_the_folder_is_refused(folder, tmp_path, values, what):
    call(folder, tmp_path / "out")
    with pytest.raises(InputError, match=f"was begun with other {what}; choose"):
        call(folder, tmp_path / "out", **values)


def test_a_folder_with_other_files_is_refused(folder, tmp_path):
    output = tmp_path / "out"
    output.mkdir()
    (output / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files .thesis.txt."):
        call(folder, output)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file; choose a folder"):
        call(folder, tmp_path / "file")


def test_an_interrupted_run_resumes(folder, tmp_path, capsys, monkeypatch):
    whole = ImageStore.open(call(folder, tmp_path / "whole"))
    monkeypatch.setattr(prepare_etl, "PART_IMAGES", 5)
    each, seen = parallel.each, []

    def interrupted(function, jobs, unit, *arguments):
        for result in each(function, jobs, unit, *arguments):
            seen.append(unit)
            if seen.count("image") == 2:
                raise KeyboardInterrupt
            yield result

    output = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(parallel, "each", interrupted)
        with pytest.raises(KeyboardInterrupt):
            call(folder, output)
    assert len(list((output / "parts").glob("*.store"))) == 2
    assert not (output / "scans.store").exists()
    (output / ".partial-1-scans.store").write_bytes(b"of a killed process")
    capsys.readouterr()
    store = ImageStore.open(call(folder, output))
    assert "Skipped 2 of 5 parts that are done." in capsys.readouterr().out
    assert not list(output.glob(".partial*"))
    store.verify()
    assert [store.png(i) for i in range(20)] == [whole.png(i) for i in range(20)]
    assert store.source_names == whole.source_names


def test_several_processes_make_the_same(folder, tmp_path, monkeypatch):
    one = call(folder, tmp_path / "one")
    monkeypatch.setattr(prepare_etl, "PART_IMAGES", 6)
    two = call(folder, tmp_path / "two", workers=2)
    one, two = ImageStore.open(one), ImageStore.open(two)
    assert [one.png(i) for i in range(20)] == [two.png(i) for i in range(20)]
    manifests = [(tmp_path / name / "test.json").read_text() for name in ("one", "two")]
    assert manifests[0] == manifests[1]


def _hold(folder, ready, done):
    with locked_folder(folder, "--output"):
        ready.set()
        done.wait(60)


def test_a_second_process_is_refused(folder, tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(tmp_path / "out", ready, done))
    process.start()
    try:
        assert ready.wait(60)
        with pytest.raises(InputError, match="--output .*out is in use by another"):
            call(folder, tmp_path / "out")
    finally:
        done.set()
        process.join()
    call(folder, tmp_path / "out")


def test_ctrl_c_ends_in_a_line_and_the_same_command_resumes(tmp_path):
    folder, output = tmp_path / "etl", tmp_path / "out"
    record = etl_files.record("9B", etl_files.noise("9B"), jis=0x3021)
    # Half of the work is left when the first parts are there.
    for number in (1, 2, 3, 4):
        etl_files.write(folder / f"ETL9B_{number}", "9B", [record] * 25000)
    command = [sys.executable, "-m", "experiments.prepare_etl", f"--etl={folder}"]
    command += [f"--output={output}", "--workers=2"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # Tests that run in the background ignore Ctrl-C, and so would this process.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not list(output.glob("parts/*.store")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130 and b"Traceback" not in error
    assert b"the same command resumes" in error
    assert list(output.glob("parts/*.store"))
    assert not (output / "scans.store").exists()


class TestPrinted:
    def test_models_go_into_a_manifest_of_their_own(self, tmp_path):
        record = etl_files.record("8G", etl_files.noise("8G"), jis=0x3021)
        etl_files.write(tmp_path / "etl" / "ETL8G_01", "8G", [record])
        etl_files.write(tmp_path / "etl" / "ETL8G_33", "8G", [record] * 2)
        store = ImageStore.open(call(tmp_path / "etl", tmp_path / "out"))
        assert len(store) == 1
        path = call(tmp_path / "etl", tmp_path / "with", models=True)
        assert ImageStore.open(path).kinds.tolist()[1:] == [FONT] * 2
        printed = json.loads((tmp_path / "with" / "printed.json").read_text())
        assert [s["writer"] for s in printed["亜"]] == ["ETL8G-models"] * 2
        assert len(json.loads((tmp_path / "with" / "all.json").read_text())["亜"]) == 1

    def test_only_models_are_no_handwriting(self, tmp_path):
        record = etl_files.record("8G", etl_files.blank("8G"), jis=0x3021)
        etl_files.write(tmp_path / "etl" / "ETL8G_33", "8G", [record])
        with pytest.raises(InputError, match="--models keeps what is printed"):
            call(tmp_path / "etl", tmp_path / "out")

    def test_etl2_needs_its_table(self, folder, tmp_path):
        record = etl_files.record("K", etl_files.noise("K"), co59=332)
        etl_files.write(folder / "ETL2_1", "K", [record])
        with pytest.raises(InputError, match="ETL2_1 is of ETL2, .* --co59=.* --sets"):
            call(folder, tmp_path / "out")
        assert not (tmp_path / "out").exists()
        assert call(folder, tmp_path / "without", sets="ETL1,ETL8B")
        table = tmp_path / "euc_co59.dat"
        table.write_bytes("亜:5,12".encode("euc_jp"))
        store = ImageStore.open(call(folder, tmp_path / "with", co59=str(table)))
        assert store.kinds.tolist().count(FONT) == 1
        np.testing.assert_array_equal(
            (255 - store.decode_one(12)) >> 2, etl_files.noise("K")
        )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"etl": []}, "--etl is needed"),
        ({"output": None}, "--output is needed"),
        ({"workers": 0}, "--workers is 0"),
        ({"fractions": "0.5,0.5"}, "--fractions is 0.5,0.5; give three"),
        ({"fractions": "a,b,c"}, "--fractions is a,b,c; give three"),
        ({"fractions": "0.5,0.5,nan"}, "--fractions is 0.5,0.5,nan; give three"),
        ({"fractions": "0.5,0.6,-0.1"}, "--fractions is"),
        ({"sets": "ETL1,ETL"}, "There is no ETL set ETL;"),
        ({"etl": ["none"]}, "none does not exist"),
    ],
)
def test_wrong_flags_are_told(folder, tmp_path, values, message):
    values = {"output": str(tmp_path / "out"), "etl": [str(folder)], **values}
    with pytest.raises(InputError, match=message):
        prepare_etl.main(prepare_etl.Settings(**values))
    assert not (tmp_path / "out").exists()


def test_unknown_codes_are_an_error_or_reported_once(folder, tmp_path, capsys):
    record = etl_files.record("M", etl_files.blank("M"), jis=0x20)
    etl_files.write(folder / "ETL6C_01", "M", [record] * 3)
    with pytest.raises(InputError, match="ETL6C_01 has codes .* in 3 of its 3 .* 0x20"):
        call(folder, tmp_path / "out")
    call(folder, tmp_path / "skipped", skip_unknown_characters=True)
    assert capsys.readouterr().out.count("ETL6C_01 has codes without") == 1


def test_a_truncated_file_is_told_before_anything_is_made(folder, tmp_path):
    with open(folder / "ETL8B2C1", "ab") as file:
        file.truncate(512 * 5 + 7)
    with pytest.raises(InputError, match="ETL8B2C1 has 2567 bytes, which is 7 more"):
        call(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_same_sheets_are_in_the_same_part_of_a_split():
    names = [f"{name}-{n:03d}" for name in ("ETL9B", "ETL9G") for n in range(1, 41)]
    names += ["ETL4-0001", "ETL4-0002"]
    parts = split_etl_writers(names, (0.5, 0.25, 0.25), seed=3)
    assert [len(part) for part in parts] == [42, 20, 20]
    assert {"ETL4-0001", "ETL4-0002"} < parts[0]
    for part in parts:
        both = [{n[-3:] for n in part if n.startswith(f"ETL9{x}")} for x in "BG"]
        assert both[0] == both[1]
    assert parts == split_etl_writers(names[::-1], (0.5, 0.25, 0.25), seed=3)
