"""Reads the binary files of the ETL Character Database (AIST)."""

from hwgen_keras.sources.etl.codes import MARKS, characters_of, read_co59
from hwgen_keras.sources.etl.files import SETS, EtlFile, etl_file, find_etl_files
from hwgen_keras.sources.etl.images import png_files
from hwgen_keras.sources.etl.layouts import LAYOUTS, Layout
from hwgen_keras.sources.etl.reader import Contents, read_contents, tell_unknown

__all__ = [
    "LAYOUTS",
    "MARKS",
    "SETS",
    "Contents",
    "EtlFile",
    "Layout",
    "characters_of",
    "etl_file",
    "find_etl_files",
    "png_files",
    "read_co59",
    "read_contents",
    "tell_unknown",
]
