"""The first stage of gpu.py: the machine, and the data of the trainings."""

import os

import gpu_data
from step_worker import device_name

COLUMNS = ("device", "cores", "versions", "file", "MB", "content")


def begin(options):
    """A row of the machine, and one of each store, which is checked.

    A rehearsal makes its stores first, of six characters.
    """
    from hwgen_keras import data
    from hwgen_keras.training.run import versions

    device = device_name(options.backend)
    if device == "CPU" and not options.rehearse:
        raise RuntimeError(f"{options.backend} sees no GPU on this machine.")
    known = versions()["versions"]
    words = ", ".join(f"{name} {version}" for name, version in known.items())
    yield {"device": device, "cores": os.cpu_count(), "versions": words}
    if options.rehearse:
        rehearsed(options.data)
    kinds = {gpu_data.TRACKS: data.StrokeStore}
    for name in gpu_data.FILES:
        path = options.data / name
        store = kinds.get(name, data.ImageStore).open(path)
        store.verify()
        yield {"file": name, "MB": path.stat().st_size / 1e6, "content": repr(store)}


def rehearsed(folder):
    """Packs six characters of the bundled font and of two writers."""
    from experiments.demonstration import images
    from hwgen_keras.characters import CharacterSet

    six = CharacterSet("six", "あいう一二三")
    gpu_data.pack(folder, [str(images.bundled_font())], six, 2, 2, 1, 4, workers=1)
