"""Models of the Hub: a server on loopback, what can go wrong, and one that loads."""

import http.server
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import threading

import pytest

from hwgen_keras.bundle import find_model, write_bundle
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free

READER = pathlib.Path(__file__).parents[1] / "saved_models/jis1-reader"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
INSTALLED = importlib.util.find_spec("huggingface_hub") is not None
needs_hub = pytest.mark.skipif(not INSTALLED, reason="needs the extra hub")


def serve(folders):
    """A server of {"org/name": folder}, each with the branch main, as the Hub is."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            organisation, name, _, revision, *parts = self.path[1:].split("/")
            folder = folders.get(f"{organisation}/{name}")
            if folder is None:
                return self.answer(404, {"X-Error-Code": "RepoNotFound"})
            if revision not in ("main", COMMIT):
                return self.answer(404, {"X-Error-Code": "RevisionNotFound"})
            file = folder.joinpath(*parts)
            if not file.is_file():
                return self.answer(404, {"X-Error-Code": "EntryNotFound"})
            asked.append("/".join(parts))
            content = file.read_bytes()
            headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{name}-{len(asked)}"'}
            headers["Content-Length"] = str(len(content))
            self.answer(200, headers, content)

        do_HEAD = do_GET

        def answer(self, status, headers, content=b""):
            self.send_response(status)
            for header, value in headers.items():
                self.send_header(header, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *parts):
            pass

    asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, asked


# Keras and its backends cannot be imported: a reader is run by onnxruntime.
CODE = """
import json, sys, time
# Without a server the library tries again for 23 seconds.
time.sleep = lambda seconds: None
for name in ("keras", "tensorflow", "jax", "torch"):
    sys.modules[name] = None
import hwgen_keras as hw
found = []
for address in json.loads(sys.argv[1]):
    try:
        found.append(repr(hw.load(address)))
    except hw.InputError as error:
        found.append(str(error))
print(json.dumps(found))
"""


def load(endpoint, cache, *addresses):
    """What `load` gives, or says, for each address."""
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(cache),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_XET": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(addresses)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def folders(tmp_path):
    """Folders as repositories have them: whole, changed, foreign and malicious."""
    found = {}
    for name in ("changed", "outside"):
        folder = found[f"me/{name}"] = tmp_path / name
        (folder / "variables").mkdir(parents=True)
        (folder / "variables/a").write_bytes(b"weights")
        write_bundle(folder, name=name, kind="classifier", characters="あ")
    (tmp_path / "changed/variables/a").write_bytes(b"WEIGHTS")
    description = tmp_path / "outside/model.json"
    text = description.read_text("utf-8").replace("variables/a", "../../a")
    description.write_text(text, encoding="utf-8")
    found["me/foreign"] = tmp_path / "foreign"
    found["me/foreign"].mkdir()
    found["me/lacking"] = tmp_path / "lacking"
    found["me/lacking"].mkdir()
    (tmp_path / "lacking/a").write_bytes(b"a")
    write_bundle(tmp_path / "lacking", name="lacking", kind="clip")
    (tmp_path / "lacking/a").unlink()
    return found


@needs_hub
def test_a_model_is_loaded_and_what_is_wrong_gets_a_sentence(folders, tmp_path):
    # A checkout without weights tests what is wrong, too.
    whole = (READER / "model.onnx").is_file()
    if whole:
        folders["me/reader"] = READER
    server, asked = serve(folders)
    endpoint = f"http://127.0.0.1:{server.server_port}"
    names = ("changed", "outside", "foreign", "lacking", "nothing", "reader")
    addresses = [f"hf://me/{name}@main" for name in names]
    try:
        said = load(endpoint, tmp_path / "cache", *addresses, "hf://me/foreign@v9")
    finally:
        server.shutdown()
        server.server_close()
    changed, outside, foreign, lacking, nothing, reader, revision = said
    assert "a differs from model.json in its SHA-256; it is corrupt or" in changed
    assert "names the file '../../a' outside of its folder; do not use" in outside
    assert "a" not in asked
    assert foreign == (
        "hf://me/foreign@main is no complete model of hwgen_keras: it lacks "
        "model.json; give another."
    )
    assert "it lacks a; give another." in lacking
    assert nothing == (
        "hf://me/nothing@main: there is no such repository, or it is private; check "
        "the name, or log in by `hf auth login`."
    )
    assert revision == (
        "hf://me/foreign@v9: the repository has no revision 'v9'; check it."
    )
    if whole:
        assert reader.startswith("<LoadedClassifier ") and "onnx" in reader
        # Again, from the cache, without a server.
        address = f"hf://me/reader@{COMMIT}"
        again, gone = load(endpoint, tmp_path / "cache", address, "hf://me/new@main")
        assert again == reader
        assert gone.startswith("hf://me/new@main cannot be downloaded (")
        assert gone.endswith("; check the network, and try again.")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("hf://me/reader", "hf://me/reader names no revision; add one, best a commit"),
        ("hf://reader@main", "'hf://reader@main' is no address of a model; write hf:"),
        ("hf://me/a b@main", "is no address of a model; write hf://ORGANISATION/NAME@"),
        ("hf://me/reader@main", "huggingface_hub is not installed; `pip install 'hwge"),
    ],
)
def test_addresses_that_are_wrong_and_a_missing_package(address, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=message.replace("[", r"\[")):
        find_model(address)
