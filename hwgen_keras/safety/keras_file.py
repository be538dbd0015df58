"""What a `.keras` file would have Keras make, read before Keras sees it.

The configuration in such a file names classes and functions by module. Which of them
Keras looks up, and which modules it imports for that, differs between its versions; so
all but the building blocks of models are refused here.
"""

import json
import zipfile
import zlib

from hwgen_keras.errors import InputError, reason_of

CONFIG, METADATA = "config.json", "metadata.json"
WEIGHTS = ("model.weights.h5", "model.weights.npz")
# The configuration of a ResNet-152 has half a megabyte.
_LARGEST_CONFIG = 1 << 26
# Keras stores without compression. What unpacks to more than this, and to so many
# times its size, would fill the memory.
_LARGEST_MEMBER, _LARGEST_EXPANSION = 1 << 28, 100
# Rooms of Keras with nothing but parts of models and their training.
_ROOMS = frozenset(
    ("activations", "constraints", "dtype_policies", "initializers", "layers")
    + ("losses", "metrics", "models", "optimizers", "random", "regularizers")
)
_CLASSES = frozenset(
    ("DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "Model", "Sequential")
)
# They hold Python code, or what another library unpacks and runs.
_CODE = frozenset(
    ("Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer")
    + ("FlaxLayer",)
)
# Values, not objects.
_PLAIN = frozenset(
    f"__{name}__"
    for name in ("keras_tensor", "tensor", "numpy", "bytes", "ellipsis", "slice")
)


def check_keras_file(path, name, registered):
    """Raises InputError unless a `.keras` file is whole and makes parts of models only.

    Args:
        path: the file.
        name: what to call it in an error.
        registered: names under which this process has registered classes, such as
            `"hwgen_keras>CLIP"`; Keras imports nothing for them.

    Returns:
        The version of Keras that wrote the file, or None if it does not tell.

    Raises:
        InputError: it is cut short, damaged, or no `.keras` file, it names a module
            other than those of Keras and hwgen_keras, or it holds code.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename: member for member in archive.infolist()}
            if CONFIG not in members or not any(w in members for w in WEIGHTS):
                raise InputError(
                    f"{name} is not a .keras file: it holds no {CONFIG} or no weights."
                )
            for member in members.values():
                _check_size(member, name)
            config = json.loads(archive.read(CONFIG))
            metadata = {}
            if METADATA in members:
                metadata = json.loads(archive.read(METADATA))
            # Keras would take weights with a changed byte.
            damaged = archive.testzip()
            if damaged is not None:
                raise InputError(
                    f"{name} is damaged (in {damaged}); get the file again."
                )
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise InputError(
            f"{name} is not a complete .keras file; it may be cut short ({error})."
        ) from None
    except (ValueError, RecursionError, RuntimeError, NotImplementedError) as error:
        raise InputError(
            f"{name} is not a .keras file that can be read ({reason_of(error)})."
        ) from None
    _check_config(config, name, registered)
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) else None


def _check_size(member, name):
    size, stored = member.file_size, max(member.compress_size, 1)
    too_large = member.filename in (CONFIG, METADATA) and size > _LARGEST_CONFIG
    if too_large or (size > _LARGEST_MEMBER and size > _LARGEST_EXPANSION * stored):
        raise InputError(
            f"{name}: {member.filename} in it would unpack to {size} bytes; "
            "do not use this file."
        )


def _check_config(config, name, registered):
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise InputError(f"{name} is not a .keras file: its {CONFIG} names no model.")
    # How the model was trained is not loaded.
    waiting = [{**config, "compile_config": None}]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                _check_object(value, name, registered)
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _check_object(entry, name, registered):
    """Checks one object of the configuration: its class, or the function it is."""
    kind, module = entry["class_name"], entry.get("module")
    known = entry.get("registered_name", kind)
    if not all(isinstance(text, str | None) for text in (kind, module, known)):
        raise InputError(f"{name} is damaged: an object in its {CONFIG} has no class.")
    if kind in _PLAIN:
        return
    if kind in _CODE:
        raise InputError(
            f"{name} holds a {kind.strip('_')}, which can run any program; models of "
            "hwgen_keras have none: do not use this file."
        )
    package, *rooms = (module or "").split(".")
    if kind == "function":
        # By its name Keras finds activations and the like, and what is registered.
        allowed = package == "builtins" and not rooms
    elif package == "hwgen_keras" and known not in registered:
        raise InputError(
            f"{name} holds a {kind}, which this hwgen_keras does not have; it may be "
            "of a newer one: upgrade with `pip install --upgrade hwgen_keras`."
        )
    elif known in registered:
        # Somebody's own class may be part of a model; its name is no other module's.
        allowed = not known.startswith("hwgen_keras>") or package == "hwgen_keras"
    else:
        rooms = [room for room in rooms if room != "src"]
        allowed = package == "keras" and (
            # Functions of Keras have small letters.
            rooms[0] in _ROOMS and kind[:1].isupper() if rooms else kind in _CLASSES
        )
    if not allowed:
        what = f"{module}.{kind}" if module else f"{kind} of no module"
        raise InputError(
            f"{name} asks for {what}, which is no part of a model of Keras or of "
            "hwgen_keras; do not use this file."
        )
