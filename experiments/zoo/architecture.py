"""What a network is, in numbers and words."""

import keras

# Said elsewhere, or of no interest to a reader.
_SILENT = ("name", "trainable", "dtype", "build_config", "compile_config")


def architecture(network):
    """The number of parameters, and the parts with their sizes: a dict for JSON."""
    config = keras.saving.serialize_keras_object(network)
    return {"parameters": int(network.count_params()), "parts": _parts(config)}


def _parts(config, role=None, depth=0):
    """Lines such as `encoder: ImageEncoder(widths=[32, 64])`, inner ones indented."""
    arguments, inner = [], []
    for name, value in config["config"].items():
        if isinstance(value, dict) and "class_name" in value:
            if isinstance(value.get("config"), dict) and value["module"] != "keras":
                inner.append((name, value))
        elif name not in _SILENT and value is not None and not isinstance(value, dict):
            arguments.append(f"{name}={value}")
    text = f"{config['class_name']}({', '.join(arguments)})"
    lines = [f"{'  ' * depth}{role}: {text}" if role else text]
    for name, value in inner:
        lines += _parts(value, name, depth + 1)
    return lines
