"""Write a text file so that it appears under its name only when complete."""

import os
import pathlib


def write_text(path, text):
    """Write `text` (UTF-8) to `path`, whose folder is made if need be."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8", newline="")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
