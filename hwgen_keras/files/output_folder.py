"""An output folder that a long job fills, resumes, or finds complete.

Such a job leaves finished pieces in <output>/parts, and removes that folder last.
"""

import json
import shutil

from hwgen_keras.errors import InputError
from hwgen_keras.files import LOCK, PARTIAL, remove, write_text


def recorded(folder, name, request):
    """The request that a folder was begun with, which is `request` if it is empty.

    Call it under `locked_folder`: it removes the partial files of a killed process.
    InputError if the folder holds other files but none called `name`, which records
    the request; ValueError if that is no JSON.
    """
    file = folder / name
    if not file.exists():
        names = [p.name for p in folder.iterdir() if not p.name.startswith(PARTIAL)]
        others = [name for name in names if name != LOCK]
        if others:
            raise InputError(
                f"--output {folder} holds other files ({others[0]}); choose a new one."
            )
        write_text(file, json.dumps(request, ensure_ascii=False) + "\n")
    for partial in list(folder.rglob(PARTIAL + "*")):
        remove(partial)
    return json.loads(file.read_text(encoding="utf-8"))


def claim(folder, request, defaults=None):
    """Records in a new folder what the job makes, or checks that it is the same.

    Call it under `locked_folder`.

    Args:
        folder: path of the output.
        request: {name in words: JSON value} of all that decides the result.
        defaults: {name: value} of names that earlier versions do not record.

    Raises:
        InputError: the folder holds other files, or was begun with another request.
    """
    try:
        before = {**(defaults or {}), **recorded(folder, "request.json", request)}
        different = [name for name in request if before[name] != request[name]]
    except InputError:
        raise
    except (ValueError, KeyError, TypeError):
        different = ["flags"]
    if different:
        raise InputError(
            f"--output {folder} was begun with other {different[0]}; choose a new "
            "folder, or remove that one."
        )


def begin(folder, request, result, defaults=None):
    """Begins a job, see `claim`; returns whether the output is complete.

    `result` is the name of a file that a complete output has.
    """
    claim(folder, request, defaults)
    parts = folder / "parts"
    if (folder / result).exists() and not parts.exists():
        return True
    parts.mkdir(exist_ok=True)
    return False


def finish(folder):
    """Marks the output as complete: removes its parts in one step."""
    shutil.rmtree((folder / "parts").rename(folder / f"{PARTIAL}parts"))
