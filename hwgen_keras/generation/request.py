"""The request of a set: all that determines its images."""

import hashlib
import json
import platform
import sys

import keras
import numpy as np
import PIL
import scipy

from hwgen_keras import __version__, backend
from hwgen_keras.generation.gate import digest_of
from hwgen_keras.generation.job import Job, SetRows


def job_of(generator, sampler, gate, form, part_rows, batch_size, notes):
    """The `Job` of a set; see `generate` for the arguments."""
    names = getattr(generator, "sampling_settings", ())
    request = {
        "model": digest_of(generator),
        "sampling": {name: getattr(generator, name) for name in names},
        "store": _digest_of_store(sampler.store),
        "rows": sampler.request(),
        "gate": gate.request(),
        "form": form,
        "part_rows": part_rows,
        "batch_size": batch_size,
        **_computation(generator),
    }
    # JSON turns tuples into lists, as they are read from a file.
    request, notes = json.loads(json.dumps([request, notes or {}]))
    return Job(request, SetRows.of_sampler(sampler), notes)


def _digest_of_store(store):
    digest = hashlib.sha256()
    for column in (store.labels, store.sources, store.kinds):
        digest.update(np.asarray(column).tobytes())
    digest.update(repr(store.source_names).encode())
    for content in store.files.runs():
        digest.update(content)
    return digest.hexdigest()


def _computation(generator):
    """What computes a set, as JSON: backend, versions and processor."""
    name, device = keras.backend.backend(), backend.device_kind()
    frameworks = {name}
    if getattr(generator, "format", None) == "saved_model":
        frameworks.add("tensorflow")
    if device == "cpu":
        # Libraries add up in another order on another instruction set.
        found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
        device = " ".join(["cpu", platform.machine(), *found[-1:]])
    return {
        "backend": name,
        "versions": {
            "hwgen_keras": __version__,
            "keras": keras.__version__,
            **{name: sys.modules[name].__version__ for name in sorted(frameworks)},
            **{module.__name__: module.__version__ for module in (np, PIL, scipy)},
        },
        "processor": device,
    }
