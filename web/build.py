"""python web/build.py [--output=build/web]

Builds the page that writes and reads in the browser: copies web/src/ and the files of
onnxruntime-web that it uses, makes the models, lists all files with their checksums in
files.json and in the service worker, and prints what a visitor downloads. The folder
appears when it is complete. Serve it as it is, by any server of files.
"""

import argparse
import base64
import gzip
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys

from hwgen_keras.errors import InputError
from hwgen_keras.files import complete_file, sha256_of, writable, write_json, write_text

WEB = pathlib.Path(__file__).parent
# The module for WebAssembly alone, and what it loads.
RUNTIME = (
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
)
LIST, WORKER = "files.json", "worker-cache.js"
# The line of the worker that is written here.
RELEASE = 'const RELEASE = { name: "", files: {} };'
# Bytes that a visitor downloads at most, compressed: of all, and of the models.
MOST, MOST_OF_MODELS = 12_000_000, 6_000_000


def install(web):
    """Installs the packages of package-lock.json, unless that was done already."""
    lock, done = web / "package-lock.json", web / "node_modules/.package-lock.json"
    if done.is_file() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(
            "There is no npm, which fetches onnxruntime-web; install it with Node.js "
            "(on Debian and Ubuntu: apt-get install npm), and start again."
        )
    print("Installing the packages of web/package-lock.json ...", flush=True)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    result = subprocess.run(command, cwd=web, capture_output=True, text=True)
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[0]
        raise InputError(
            f"npm cannot install web/package-lock.json ({reason}); mend that, and "
            "start again."
        )
    done.touch()


def fill(folder, web, make_models):
    """Writes the page's files but the list of them.

    Args:
        folder: a new folder, which exists.
        web: folder with src/, licences/ and node_modules/.
        make_models: function that writes the models into a folder, which exists.
    """
    shutil.copytree(
        web / "src",
        folder,
        dirs_exist_ok=True,
        copy_function=shutil.copyfile,
        ignore=shutil.ignore_patterns(".*"),
    )
    (folder / "onnxruntime").mkdir()
    for name in RUNTIME:
        source = web / "node_modules/onnxruntime-web/dist" / name
        shutil.copyfile(source, folder / "onnxruntime" / name)
    notices = [web.parent / "NOTICE", *sorted(web.glob("licences/*.txt"))]
    texts = [file.read_text("utf-8") for file in [*notices, web.parent / "LICENSE"]]
    write_text(folder / "licences.txt", "\n".join(texts))
    (folder / "models").mkdir()
    make_models(folder / "models")


def listed(folder):
    """{name, size, sha256} of every file but the list and the worker, by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [file.relative_to(folder).as_posix() for file in files]
    return [
        {"name": name, "size": file.stat().st_size, "sha256": sha256_of(file)}
        for name, file in zip(names, files, strict=True)
        if name not in (LIST, WORKER)
    ]


def write_release(folder):
    """Writes the list of files, and the worker with the hash of each.

    The worker's bytes, and so its cache, are others as soon as any file is another.
    """
    files = listed(folder)
    write_json(folder / LIST, files)
    hashes = {file["name"]: file["sha256"] for file in files}
    hashes[LIST] = sha256_of(folder / LIST)
    worker = (folder / WORKER).read_text("utf-8")
    if worker.count(RELEASE) != 1:
        raise InputError(f"web/src/{WORKER} needs the line {RELEASE} once.")
    release = {
        "name": hashlib.sha256((hashes[LIST] + worker).encode()).hexdigest()[:16],
        "files": {
            name: "sha256-" + base64.b64encode(bytes.fromhex(value)).decode()
            for name, value in hashes.items()
        },
    }
    line = f"const RELEASE = {json.dumps(release, ensure_ascii=False)};"
    write_text(folder / WORKER, worker.replace(RELEASE, line))


def sizes(folder):
    """{first part of the name: (bytes, bytes compressed)} of all files."""
    found = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        part = file.relative_to(folder).parts[0]
        data = file.read_bytes()
        raw, small = found.get(part, (0, 0))
        found[part] = raw + len(data), small + len(gzip.compress(data, mtime=0))
    return found


def check(found):
    """Prints the sizes; InputError if a visitor would download too much."""
    total = tuple(map(sum, zip(*found.values(), strict=True)))
    for part, (raw, small) in [*found.items(), ("all", total)]:
        print(f"{part:24} {raw / 1e6:7.3f} MB, compressed {small / 1e6:6.3f} MB")
    for name, small, most in (
        ("models", found["models"][1], MOST_OF_MODELS),
        ("files", total[1], MOST),
    ):
        if small > most:
            raise InputError(
                f"The page's {name} are {small:,} bytes compressed, and {most:,} are "
                "the most; make them smaller."
            )


def build(output, make_models, web=WEB):
    """Builds the page into a folder, which replaces an earlier page of that name.

    Args:
        output: path of the folder.
        make_models: function that writes the models into a folder, which exists.
        web: folder with src/, licences/, package.json and package-lock.json.

    Raises:
        InputError: the folder holds something else, npm fails or is not there, or a
            visitor would download too much.
    """
    output = pathlib.Path(output)
    if output.is_file() or output.is_dir():
        others = output.is_file() or any(output.iterdir())
        if others and not (output / WORKER).is_file():
            raise InputError(
                f"--output {output} holds something else than the page; choose a new "
                "folder."
            )
    install(web)
    with writable(output, "--output"), complete_file(output) as partial:
        partial.mkdir()
        fill(partial, web, make_models)
        write_release(partial)
        check(sizes(partial))
    print(f"Saved {output}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--output", default=WEB.parent / "build/web")
    arguments = parser.parse_args()
    from models import make_models

    build(arguments.output, make_models)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"Error: {error}")
