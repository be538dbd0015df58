"""Writing files so that they appear under their names only when complete."""

import contextlib
import os
import pathlib
import shutil


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
