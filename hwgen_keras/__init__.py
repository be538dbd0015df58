"""Handwritten Japanese characters: generate labelled images and measure what they buy.

Fonts and a small handwritten set go in; a generator of any character in any hand, a
labelled image set and a recogniser measured on unseen writers come out.

This is the public API: every public name, and nothing else. Names are imported when
they are first used, so that reading a character set does not load Keras.

Examples in docstrings begin after `import numpy as np` and
`import hwgen_keras as hw`, in an empty folder but for a font in `fonts`.
"""

import importlib

__version__ = "0.1.0"

_HOMES = {
    "errors": ("InputError",),
    "characters": (
        "CharacterSet",
        "StructureTokenizer",
        "character_set",
        "explain",
        "read_structures",
    ),
    "sources": (
        "Font",
        "PenWriter",
        "clean_image",
        "find_fonts",
        "read_image",
        "system_fonts",
    ),
    "data": (
        "FONT",
        "GENERATED",
        "HANDWRITING",
        "ClassificationSampler",
        "ImageStore",
        "PairSampler",
        "Sample",
        "StoreWriter",
        "StructureSampler",
        "concatenate_stores",
        "feed",
        "folder_samples",
        "measure_forms",
        "read_manifest",
        "simulated_store",
        "split_by_writer",
        "write_manifest",
    ),
    "layers": ("CLIPCondition", "Condition", "EmbeddingCondition"),
    "models": (
        "CLIP",
        "SIZES",
        "AdaINGenerator",
        "Classifier",
        "Diffusion",
        "DiffusionGenerator",
        "EncoderFeatures",
        "ImageEncoder",
        "ImageTower",
        "PatchDiscriminator",
        "Reconstruction",
        "StyleTransfer",
        "TextEncoder",
        "TextTower",
        "UNet",
        "VGG16Features",
        "adam_pair",
        "averaged",
        "load_trained",
        "save_model",
        "take_averages",
        "train_only",
        "with_policy",
    ),
    "generation": ("Gate", "GenerationSampler", "Reader", "generate"),
    "evaluation": ("classification_report", "contact_sheet", "summarise_arms"),
    "bundle": ("Bundle", "read_bundle", "write_bundle"),
    "export": ("export_model", "export_saved_model", "load_exported"),
    "inference": ("LoadedCLIP", "LoadedClassifier", "LoadedGenerator", "load"),
}
_HOME = {name: room for room, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__():
    return [*__all__, "__version__"]
