"""JSON files, and folders that one process at a time writes in."""

import signal
import subprocess
import sys

import pytest

from hwgen_keras.errors import InputError
from hwgen_keras.files import locked_folder, read_json, write_json

pytestmark = pytest.mark.backend_free

HOLD = """
import sys
from hwgen_keras.files import locked_folder
with locked_folder(sys.argv[1], "--output"):
    print("locked", flush=True)
    sys.stdin.read()
"""


def refused(folder, match):
    with pytest.raises(InputError, match=match) as caught:
        with locked_folder(folder, "--output"):
            pass
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a system without SIGKILL")
def test_a_lock_ends_with_its_process(tmp_path):
    folder = tmp_path / "a" / "出力"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout.readline() == b"locked\n"
        refused(folder, "in use by another process; wait for it or choose another fo")
    finally:
        process.kill()
        process.communicate()
    for _ in range(2):
        with locked_folder(folder, "--output") as found:
            assert found == folder and (folder / ".lock").exists()
            refused(folder, "in use by another process")


def test_what_cannot_be_locked(tmp_path):
    (tmp_path / "file").touch()
    refused(tmp_path / "file", "is a file; choose a folder")
    refused(tmp_path / "file" / "below", r"cannot be written \(Not a directory\)")
    (tmp_path / "folder" / ".lock").mkdir(parents=True)
    refused(tmp_path / "folder", "cannot be written")


def test_what_fails_under_a_lock_stays_what_it_is(tmp_path):
    for error in (OSError("disk"), TimeoutError("network")):
        with pytest.raises(type(error), match=str(error)):
            with locked_folder(tmp_path, "--output"):
                raise error
    with locked_folder(tmp_path, "--output"):
        pass


def test_json_files(tmp_path):
    path = tmp_path / "new" / "a.json"
    write_json(path, {"あ": [1, None]})
    assert path.read_bytes() == '{\n "あ": [\n  1,\n  null\n ]\n}\n'.encode()
    assert read_json(path) == {"あ": [1, None]}
    with pytest.raises(InputError, match="There is no file .*b.json; check the path"):
        read_json(tmp_path / "b.json")
    for content in (b'{"a', b"\xff", b"[" * 100_000):
        path.write_bytes(content)
        with pytest.raises(InputError, match="a.json is damaged .*; get or make it ag"):
            read_json(path)
