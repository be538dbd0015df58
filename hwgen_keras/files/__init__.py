"""Writing files so that they appear under their names only when complete; checksums."""

import contextlib
import errno
import hashlib
import json
import os
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

import filelock

from hwgen_keras.errors import InputError, described, reason_of

# The path of a file or a folder.
StrPath = str | os.PathLike[str]

LOCK, PARTIAL = ".lock", ".partial-"
# Errors of a disk that is full, or that refuses a path or its name.
_REFUSALS = {
    getattr(errno, name, None)
    for name in (
        *("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM"),
        *("EEXIST", "EISDIR", "ENOTDIR", "ENAMETOOLONG"),
    )
}


def as_path(path: StrPath, name: str) -> pathlib.Path:
    """A path as an object; InputError, which calls it `name`, if it is none.

    An empty text is none either: it would mean the whole current folder.
    """
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
    if not text or "\0" in text:
        raise InputError(f"{name} is {described(path)}; give a path.")
    return pathlib.Path(text)


@contextlib.contextmanager
def complete_file(path: StrPath) -> Iterator[pathlib.Path]:
    """Yields a partial path to write to, which becomes `path` if no error occurs.

    The parent of `path` is created, and a folder of that name replaced.
    """
    path = as_path(path, "The file to write")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Keras chooses the format by the suffix, so the suffix stays.
    partial = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}")
    try:
        yield partial
        if path.is_dir():
            # A folder cannot replace another, so the old one is moved first.
            old = path.with_name(f"{PARTIAL}{os.getpid()}-old-{path.name}")
            os.replace(path, old)
            os.replace(partial, path)
            shutil.rmtree(old)
        else:
            os.replace(partial, path)
    finally:
        remove(partial)


def remove(path: pathlib.Path) -> None:
    """Removes a file, or a folder with all that is in it, if it exists."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def writable(path: StrPath, flag: str) -> Iterator[None]:
    """Within it, an error of writing `path` becomes an `InputError`.

    Errors of reading, and of files in other folders, stay what they are. `flag` is the
    name of the path in the sentence, for instance `--run_dir`.
    """
    path = pathlib.Path(path)
    # A new file is first written under another name in the same folder.
    absolute = path.absolute()
    inside = next(p for p in (absolute, *absolute.parents) if os.path.isdir(p))
    try:
        yield
    except OSError as error:
        # An error of writing to an open file does not name it.
        name = error.filename and pathlib.Path(os.fsdecode(error.filename)).absolute()
        outside = name and not name.is_relative_to(inside)
        if error.errno is None or error.errno not in _REFUSALS or outside:
            raise
        raise InputError(
            f"{flag} {path} cannot be written ({os.strerror(error.errno)}); make "
            "room, set its permissions or choose another, and start again."
        ) from error


def flush(path: StrPath) -> None:
    """Writes a file, or a folder and its files, from the system's cache to the disk.

    They then survive a power cut.
    """
    path = pathlib.Path(path)
    for entry in [*path.iterdir(), path] if path.is_dir() else [path]:
        try:
            descriptor = os.open(entry, os.O_RDONLY)
        except PermissionError:  # Windows opens no folders.
            continue
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sha256_of(path: StrPath) -> str:
    """The SHA-256 of a file, as hexadecimal text."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(path: StrPath, text: str) -> None:
    """Writes UTF-8 text as a file that appears only when it is complete."""
    with complete_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


def write_json(path: StrPath, value: Any) -> None:
    """Writes indented JSON as a file that appears only when it is complete."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def read_json(path: StrPath) -> Any:
    """The value in a JSON file; InputError if it is missing or damaged."""
    try:
        return json.loads(as_path(path, "The file").read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"There is no file {path}; check the path.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is damaged ({reason_of(error)}); get or make it again."
        ) from None


@contextlib.contextmanager
def locked_folder(folder: StrPath, flag: str) -> Iterator[pathlib.Path]:
    """Locks a folder, which is created if need be, against other processes.

    The lock ends with the process, however that ends. InputError, which names `flag`,
    if another process has locked the folder, or it cannot be written.
    """
    folder = pathlib.Path(folder)
    with writable(folder, flag):
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{flag} {folder} is a file; choose a folder.")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = filelock.FileLock(folder / LOCK).acquire(blocking=False)
        except filelock.Timeout:
            raise InputError(
                f"{flag} {folder} is in use by another process; wait for it or choose "
                "another folder."
            ) from None
    with lock:
        yield folder
