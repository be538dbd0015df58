"""Concatenation of store files."""

from collections.abc import Iterable

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data.store import ImageStore
from hwgen_keras.data.store_writer import StoreWriter
from hwgen_keras.errors import InputError, as_list
from hwgen_keras.files import StrPath


def concatenate_stores(paths: Iterable[StrPath], output: StrPath) -> ImageStore:
    """Streams store files into one file, in their order.

    It has the characters and the sources of all; images of mixed sizes are allowed.

    Args:
        paths: the store files, at least one.
        output: the file to make.

    Returns:
        The opened `ImageStore`.

    Raises:
        InputError: there is no file, one cannot be read or is damaged, or the disk
            is full.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> for seed in (1, 2):
        ...     path = f"{seed}.store"
        ...     hands = hw.simulated_store([seed], characters, 32, 1, False, path)
        >>> hw.concatenate_stores(["1.store", "2.store"], "both.store")
        ImageStore(4 images of 32 pixels, 2 of 2 characters, 2 sources)
    """
    paths = as_list(paths, "The argument of concatenate_stores", "a list of paths")
    stores = [ImageStore.open(path) for path in paths]
    if not stores:
        raise InputError(f"There is no store to put into {output}; give at least one.")
    sizes = {store.image_size for store in stores}
    characters = _union([store.characters for store in stores])
    size = sizes.pop() if len(sizes) == 1 else None
    with StoreWriter(output, characters, size) as writer:
        stores.reverse()
        while stores:
            # A store is dropped after use, or the bytes read would count as memory.
            store = stores.pop()
            store.verify()
            writer.add_store(store)
    return ImageStore.open(output)


def _union(character_sets):
    different = list(dict.fromkeys(character_sets))
    if len(different) == 1:
        return different[0]
    names = dict.fromkeys(characters.name for characters in different)
    return CharacterSet("+".join(names), dict.fromkeys(sum(map(tuple, different), ())))
