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

from hwgen_keras.errors import InputError, reason_of

# What names a file or a folder.
StrPath = str | os.PathLike[str]

# What a disk answers that cannot or must not be written, or not under such a name.
_REFUSALS = {
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM"),
        *("EEXIST", "ENOTDIR", "ENAMETOOLONG"),
    )
    if hasattr(errno, name)
}


@contextlib.contextmanager
def complete_file(path: StrPath) -> Iterator[pathlib.Path]:
    """Gives a partial path to write to; it becomes `path` if no error occurs.

    Args:
        path: the file or folder to make, whose folder is made if need be. A folder
            of that name is replaced.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Keras decides by the ending what to write, so the ending stays.
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        yield partial
        if path.is_dir():
            # No folder can replace another; moved aside, the old one is soon gone.
            old = path.with_name(f".partial-{os.getpid()}-old-{path.name}")
            os.replace(path, old)
            os.replace(partial, path)
            shutil.rmtree(old)
        else:
            os.replace(partial, path)
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
        else:
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def writable(path: StrPath, flag: str) -> Iterator[None]:
    """Within it, a disk that is full or refuses to be written is the user's mistake.

    Other errors pass: those of reading, and those about files in other folders.

    Args:
        path: the folder that is filled, or the file or folder that is written.
        flag: what to call it in an error, for instance `--run_dir`.

    Raises:
        InputError: the disk is full, or the path must not be written.
    """
    path = pathlib.Path(path)
    # What is not there yet is first written under another name beside its own.
    inside = next(p for p in (path.absolute(), *path.absolute().parents) if p.is_dir())
    try:
        yield
    except OSError as error:
        # A write into an open file does not tell which.
        name = error.filename and pathlib.Path(os.fsdecode(error.filename)).absolute()
        outside = name and not name.is_relative_to(inside)
        if error.errno is None or error.errno not in _REFUSALS or outside:
            raise
        raise InputError(
            f"{flag} {path} cannot be written ({os.strerror(error.errno)}); make "
            "room, set its permissions or choose another, and start again."
        ) from error


def flush(path: StrPath) -> None:
    """Waits until a file, or a folder with all that is in it, is on the disk.

    After that not even a power cut takes it away.
    """
    path = pathlib.Path(path)
    for each in [*path.iterdir(), path] if path.is_dir() else [path]:
        try:
            number = os.open(each, os.O_RDONLY)
        except PermissionError:  # Windows opens no folders.
            continue
        try:
            os.fsync(number)
        finally:
            os.close(number)


def sha256_of(path: StrPath) -> str:
    """The SHA-256 of a file, as hexadecimal text."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(path: StrPath, text: str) -> None:
    """Writes UTF-8 text as a file that appears only when it is complete."""
    with complete_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


def write_json(path: StrPath, value: Any) -> None:
    """Writes JSON for people, too, as a file that appears only when it is complete."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def read_json(path: StrPath) -> Any:
    """What a JSON file of UTF-8 text holds.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        return json.loads(pathlib.Path(path).read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"There is no file {path}; check the path.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is damaged ({reason_of(error)}); get or make it again."
        ) from None


@contextlib.contextmanager
def locked_folder(folder: StrPath, flag: str) -> Iterator[pathlib.Path]:
    """Keeps a folder from other processes that ask for it in the same way.

    The folder is made if need be. The lock ends with the process, however it ends.

    Args:
        folder: the folder to write in.
        flag: what to call it in an error, for instance `--output`.

    Raises:
        InputError: another process has the folder, or it cannot be written.
    """
    folder = pathlib.Path(folder)
    try:
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{flag} {folder} is a file; choose a folder.")
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".lock").acquire(blocking=False)
    except filelock.Timeout:
        raise InputError(
            f"{flag} {folder} is in use by another process; wait for it or choose "
            "another folder."
        ) from None
    except OSError as error:
        raise InputError(
            f"{flag} {folder} cannot be written ({error.strerror}); choose another "
            "folder."
        ) from None
    with lock:
        yield folder
