"""An output folder that long work fills: begun, continued, or found complete.

Such work leaves finished pieces in <output>/parts, and removes that folder last.
"""

import json
import shutil

from hwgen_keras.errors import InputError
from hwgen_keras.files import write_text


def claim(folder, request, defaults=None):
    """Notes in a new folder what is to be made, or checks that it is the same.

    Call it under `locked_folder`; partial files of a process that was killed are
    removed.

    Args:
        folder: path of the output.
        request: {what, as words: value as JSON} that decides the result.
        defaults: {what: value} of what a folder by an earlier version does not name.

    Raises:
        InputError: the folder holds other files, or was begun with another request.
    """
    file = folder / "request.json"
    if not file.exists():
        others = [path.name for path in folder.iterdir() if path.name != ".lock"]
        others = [name for name in others if not name.startswith(".partial-")]
        if others:
            raise InputError(
                f"--output {folder} holds other files ({others[0]}); choose a new one."
            )
        write_text(file, json.dumps(request, ensure_ascii=False) + "\n")
    try:
        before = {**(defaults or {}), **json.loads(file.read_text(encoding="utf-8"))}
        different = [what for what in request if before[what] != request[what]]
    except (ValueError, KeyError, TypeError):
        different = ["flags"]
    if different:
        raise InputError(
            f"--output {folder} was begun with other {different[0]}; choose a new "
            "folder, or remove that one."
        )
    for partial in list(folder.rglob(".partial-*")):
        shutil.rmtree(partial) if partial.is_dir() else partial.unlink()


def begin(folder, request, result):
    """Begins the work, or checks that the folder was begun with the same request.

    Args:
        folder, request: see `claim`.
        result: name of the file that a complete output has.

    Returns:
        Whether the output is complete.

    Raises:
        InputError: see `claim`.
    """
    claim(folder, request)
    parts = folder / "parts"
    if (folder / result).exists() and not parts.exists():
        return True
    parts.mkdir(exist_ok=True)
    return False


def finish(folder):
    """Marks the output as complete: removes its parts, at one stroke."""
    shutil.rmtree((folder / "parts").rename(folder / ".partial-parts"))
