"""Manifests, packed image stores, epochs as tables, and the feeds that run them."""

from hwgen_keras.data.augment import AUGMENTATIONS, parse_augmentations
from hwgen_keras.data.builders import (
    array_store,
    font_store,
    manifest_store,
    simulated_store,
)
from hwgen_keras.data.classification import ClassificationSampler, StructureSampler
from hwgen_keras.data.concatenation import concatenate_stores
from hwgen_keras.data.feed import feed
from hwgen_keras.data.folders import folder_samples
from hwgen_keras.data.forms import measure_forms
from hwgen_keras.data.manifest import (
    Sample,
    read_manifest,
    split_by_writer,
    write_manifest,
)
from hwgen_keras.data.mix import MIXES, mixing
from hwgen_keras.data.pairs import PairSampler
from hwgen_keras.data.rows import affine_matrix
from hwgen_keras.data.steps import STEPS
from hwgen_keras.data.store import FONT, GENERATED, HANDWRITING, ImageStore
from hwgen_keras.data.store_writer import StoreWriter

__all__ = [
    "AUGMENTATIONS",
    "FONT",
    "GENERATED",
    "HANDWRITING",
    "MIXES",
    "STEPS",
    "ClassificationSampler",
    "ImageStore",
    "PairSampler",
    "Sample",
    "StoreWriter",
    "StructureSampler",
    "affine_matrix",
    "array_store",
    "concatenate_stores",
    "feed",
    "folder_samples",
    "font_store",
    "manifest_store",
    "measure_forms",
    "mixing",
    "parse_augmentations",
    "read_manifest",
    "simulated_store",
    "split_by_writer",
    "write_manifest",
]
