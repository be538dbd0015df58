"""web/build.py: the folder of the page, its lists, its sizes and its mistakes."""

import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import sys

import pytest

from hwgen_keras.errors import InputError
from web import build as build_module
from web.build import build

pytestmark = pytest.mark.backend_free

ROOT = pathlib.Path(__file__).parent.parent


def make_models(folder):
    (folder / "writer.onnx").write_bytes(b"a model")


@pytest.fixture
def web(tmp_path):
    """A small web/ whose packages are installed."""
    folder = tmp_path / "source/web"
    (folder / "src/page").mkdir(parents=True)
    shutil.copy(ROOT / "web/src/worker-cache.js", folder / "src")
    (folder / "src/index.html").write_text("<p>筆</p>", encoding="utf-8")
    (folder / "src/page/main.js").write_text("export {};\n")
    (folder / "src/.swap").write_text("of an editor")
    for name in ("NOTICE", "LICENSE"):
        (folder.parent / name).write_text(f"The {name}.\n")
    (folder / "licences").mkdir()
    (folder / "licences/runtime.txt").write_text("MIT\n")
    runtime = folder / "node_modules/onnxruntime-web/dist"
    runtime.mkdir(parents=True)
    for name in (*build_module.RUNTIME, "ort.webgpu.min.mjs"):
        (runtime / name).write_text(name)
    (folder / "package-lock.json").write_text("{}")
    (folder / "node_modules/.package-lock.json").write_text("{}")
    return folder


def content(folder):
    """{name: bytes} of all files of a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def release(worker):
    """What the build wrote into the service worker."""
    return json.loads(re.search(rb"(?m)^const RELEASE = (.*);$", worker)[1])


class TestBuild:
    def test_the_folder_holds_the_page_its_runtime_and_its_models(
        self, web, tmp_path, capsys
    ):
        build(tmp_path / "out/web", make_models, web)
        files = content(tmp_path / "out/web")
        assert sorted(files) == [
            *("files.json", "index.html", "licences.txt", "models/writer.onnx"),
            *(f"onnxruntime/{name}" for name in sorted(build_module.RUNTIME)),
            *("page/main.js", "worker-cache.js"),
        ]
        assert files["licences.txt"] == b"The NOTICE.\n\nMIT\n\nThe LICENSE.\n"
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["web"]
        *_, total, saved = capsys.readouterr().out.splitlines()
        assert re.fullmatch(r"all +0\.0\d\d MB, compressed +0\.0\d\d MB", total)
        assert saved == f"Saved {tmp_path / 'out/web'}"

    def test_every_file_is_listed_with_its_checksum(self, web, tmp_path):
        build(tmp_path / "web", make_models, web)
        files = content(tmp_path / "web")
        worker, listed = files.pop("worker-cache.js"), files.pop("files.json")
        assert json.loads(listed) == [
            {
                "name": name,
                "size": len(files[name]),
                "sha256": hashlib.sha256(files[name]).hexdigest(),
            }
            for name in sorted(files)
        ]
        integrity = {
            name: "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()
            for name, data in {**files, "files.json": listed}.items()
        }
        assert release(worker)["files"] == integrity

    def test_two_builds_are_equal_and_a_change_is_another_release(self, web, tmp_path):
        for name in ("one", "two"):
            build(tmp_path / name, make_models, web)
        first, second = (content(tmp_path / name) for name in ("one", "two"))
        assert first == second
        names = [release(first["worker-cache.js"])["name"]]
        for file in ("page/main.js", "worker-cache.js"):
            with open(web / "src" / file, "a") as stream:
                stream.write("// changed\n")
            build(tmp_path / "one", make_models, web)
            worker = (tmp_path / "one/worker-cache.js").read_bytes()
            names.append(release(worker)["name"])
        assert len(set(names)) == 3

    def test_a_new_page_replaces_the_old_one_whole(self, web, tmp_path):
        build(tmp_path / "web", make_models, web)
        (web / "src/page/main.js").rename(web / "src/page/other.js")
        build(tmp_path / "web", make_models, web)
        files = content(tmp_path / "web")
        assert "page/other.js" in files and "page/main.js" not in files

    def test_a_page_that_fails_leaves_the_old_one(self, web, tmp_path):
        build(tmp_path / "web", make_models, web)
        before = content(tmp_path / "web")

        def damaged(folder):
            make_models(folder)
            raise InputError("The model is damaged.")

        with pytest.raises(InputError, match="damaged"):
            build(tmp_path / "web", damaged, web)
        assert content(tmp_path / "web") == before
        assert {path.name for path in tmp_path.iterdir()} == {"source", "web"}

    def test_a_folder_of_something_else_is_kept(self, web, tmp_path):
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine/letter.txt").write_text("dear")
        for name in ("mine", "mine/letter.txt"):
            with pytest.raises(InputError, match="--output .* something else"):
                build(tmp_path / name, make_models, web)
        assert content(tmp_path / "mine") == {"letter.txt": b"dear"}

    def test_a_worker_without_its_line(self, web, tmp_path):
        (web / "src/worker-cache.js").write_text("// empty\n")
        with pytest.raises(InputError, match="worker-cache.js needs the line"):
            build(tmp_path / "web", make_models, web)

    @pytest.mark.parametrize(
        ("constant", "what"), [("MOST_OF_MODELS", "models"), ("MOST", "files")]
    )
    def test_a_page_that_is_too_large(self, web, tmp_path, monkeypatch, constant, what):
        monkeypatch.setattr(build_module, constant, 20)
        with pytest.raises(InputError, match=f"page's {what} are .* 20 are the most"):
            build(tmp_path / "web", make_models, web)
        assert not (tmp_path / "web").exists()


class TestPackages:
    def test_packages_that_are_installed_need_no_npm(self, web, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        build(tmp_path / "web", make_models, web)

    def test_without_npm(self, web, tmp_path, monkeypatch):
        (web / "node_modules/.package-lock.json").unlink()
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(InputError, match="no npm.*apt-get install npm"):
            build(tmp_path / "web", make_models, web)

    @pytest.fixture
    def npm(self, tmp_path, monkeypatch):
        """A function: shell commands → an npm that records its arguments and runs them.

        Its record is npm.txt beside it.
        """
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin:/bin")

        def write(commands):
            file = tmp_path / "npm"
            file.write_text(f'#!/bin/sh\necho "$@" >>{file}.txt\n{commands}\n')
            file.chmod(file.stat().st_mode | stat.S_IXUSR)
            return file.with_suffix(".txt")

        return write

    @pytest.mark.skipif(sys.platform == "win32", reason="npm is a shell script here")
    def test_a_newer_lock_installs_once(self, web, tmp_path, npm):
        record = npm("")
        installed = web / "node_modules/.package-lock.json"
        os.utime(installed, (0, 0))
        for _ in range(2):
            build(tmp_path / "web", make_models, web)
        assert record.read_text() == "ci --ignore-scripts --no-audit --no-fund\n"

    @pytest.mark.skipif(sys.platform == "win32", reason="npm is a shell script here")
    def test_npm_that_fails(self, web, tmp_path, npm):
        npm("echo 'npm error code ENETUNREACH' >&2; exit 1")
        (web / "node_modules/.package-lock.json").unlink()
        with pytest.raises(InputError, match=r"cannot install .*ENETUNREACH"):
            build(tmp_path / "web", make_models, web)
