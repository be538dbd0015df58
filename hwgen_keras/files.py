"""Writing files so that they appear under their names only when complete."""

import contextlib
import os
import pathlib
import shutil

from hwgen_keras.errors import InputError


@contextlib.contextmanager
def complete_file(path):
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
            shutil.rmtree(path)
        os.replace(partial, path)
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
        else:
            partial.unlink(missing_ok=True)


def write_text(path, text):
    """Writes UTF-8 text as a file that appears only when it is complete."""
    with complete_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


@contextlib.contextmanager
def locked_folder(folder, flag):
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
        file = open(folder / ".lock", "w")
    except OSError as error:
        raise InputError(
            f"{flag} {folder} cannot be written ({error.strerror}); choose another "
            "folder."
        ) from None
    with file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # Windows has no flock, and runs without the guard.
            pass
        except BlockingIOError:
            raise InputError(
                f"{flag} {folder} is in use by another process; wait for it or choose "
                "another folder."
            ) from None
        yield folder
