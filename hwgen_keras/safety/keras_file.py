"""Checks the configuration of a `.keras` file before Keras loads it.

The configuration names classes and functions by module. Which modules Keras imports for
that differs between its versions. So all but the parts of models are refused here.
"""

import json
import zipfile
import zlib

from hwgen_keras.errors import InputError, reason_of

# The name of such a file in an exported folder, as in saved_models/.
STORED = "model.keras"
CONFIG, METADATA = "config.json", "metadata.json"
WEIGHTS = ("model.weights.h5", "model.weights.npz")
# The configuration of a ResNet-152 has half a megabyte.
_LARGEST_CONFIG = 1 << 26
# Keras stores without compression. A member that unpacks to more bytes than this, and
# to so many times its size, would fill the memory.
_LARGEST_MEMBER, _LARGEST_EXPANSION = 1 << 28, 100
# Modules of Keras with nothing but parts of models and their training.
_MODULES = frozenset(
    ("activations", "constraints", "dtype_policies", "initializers", "layers")
    + ("losses", "metrics", "models", "optimizers", "random", "regularizers")
)
_CLASSES = frozenset(
    ("DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "Model", "Sequential")
)
# They hold Python code, or data that another library unpacks and runs.
_CODE = frozenset(
    ("Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer")
    + ("FlaxLayer",)
)
# Values, not objects.
_VALUES = frozenset(
    f"__{name}__"
    for name in ("keras_tensor", "tensor", "numpy", "bytes", "ellipsis", "slice")
)


def check_keras_file(path, name, registered):
    """Checks a `.keras` file; returns the version of Keras that wrote it, or None.

    Args:
        path: the file.
        name: name of the file in an error.
        registered: names of the classes that are registered with Keras, such as
            `"hwgen_keras>CLIP"`; it imports nothing for them.

    Raises:
        InputError: it is truncated, damaged, or no `.keras` file, it names a module
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
            metadata = METADATA in members and json.loads(archive.read(METADATA))
            # Keras loads weights with a changed byte.
            damaged = archive.testzip()
            if damaged is not None:
                raise InputError(
                    f"{name} is damaged (in {damaged}); get the file again."
                )
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise InputError(
            f"{name} is not a complete .keras file; it may be truncated ({error})."
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
    # The settings of the training are not loaded.
    values = [{**config, "compile_config": None}]
    while values:
        value = values.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                _check_object(value, name, registered)
            values += value.values()
        elif isinstance(value, list):
            values += value


def _check_object(entry, name, registered):
    """Checks the class, or the function, of an object of the configuration."""
    kind, module = entry["class_name"], entry.get("module")
    known = entry.get("registered_name", kind)
    if not all(isinstance(text, str | None) for text in (kind, module, known)):
        raise InputError(f"{name} is damaged: an object in its {CONFIG} has no class.")
    if kind in _VALUES:
        return
    if kind in _CODE:
        raise InputError(
            f"{name} holds a {kind.strip('_')}, which can run any program; models of "
            "hwgen_keras have none: do not use this file."
        )
    package, *modules = (module or "").split(".")
    if kind == "function":
        # Keras finds activations and registered functions by their names.
        allowed = package == "builtins" and not modules
    elif package == "hwgen_keras" and known not in registered:
        raise InputError(
            f"{name} holds a {kind}, which this hwgen_keras does not have; it may be "
            "of a newer one: upgrade with `pip install --upgrade hwgen_keras`."
        )
    elif known in registered:
        # A user's own class may be part of a model, but not under our name.
        allowed = not known.startswith("hwgen_keras>") or package == "hwgen_keras"
    else:
        modules = [part for part in modules if part != "src"]
        # Classes of Keras begin with a capital, functions do not.
        known_class = modules and modules[0] in _MODULES and kind[:1].isupper()
        allowed = package == "keras" and (known_class if modules else kind in _CLASSES)
    if not allowed:
        what = f"{module}.{kind}" if module else f"{kind} of no module"
        raise InputError(
            f"{name} asks for {what}, which is no part of a model of Keras or of "
            "hwgen_keras; import your module that registers it first, or do not use "
            "this file."
        )
