"""Checks of the columns of a store, and of stores to merge."""

from hwgen_keras.characters.sets import check_set
from hwgen_keras.data.store_writer import GENERATED
from hwgen_keras.errors import InputError


def check_columns(store):
    """Raises InputError unless the columns of a store fit its images and names."""
    check_set(store.characters)
    columns = {
        "labels": (store.labels, len(store.characters)),
        "sources": (store.sources, len(store.source_names)),
        "kinds": (store.kinds, GENERATED + 1),
    }
    if any(len(values) != len(store.files) for values, _ in columns.values()):
        raise InputError(
            "The labels, sources and kinds of a store must be as many as its "
            f"{len(store.files)} {store.store_format.item}s."
        )
    for name, (values, count) in columns.items():
        if len(values) and not (0 <= values.min() and values.max() < count):
            raise InputError(
                f"The {name} of a store must be from 0 to {count - 1}; they are from "
                f"{values.min()} to {values.max()}."
            )


def find_sources(store, name):
    """The numbers of the sources of a name; raises InputError if there is none."""
    numbers = [i for i, other in enumerate(store.source_names) if other == name]
    if not numbers:
        names = ", ".join(store.source_names[:5])
        names += " and others" if len(store.source_names) > 5 else ""
        raise InputError(f"The store has no font or writer {name!r}; it has {names}.")
    return numbers


def check_alike(stores):
    """Raises InputError unless stores agree in characters and in their size."""
    first, form = stores[0], stores[0].store_format
    size = getattr(first, form.size)
    for store in stores[1:]:
        other = getattr(store, form.size)
        values = f"{size} and {other} {form.unit}"
        different = other != size and form.sizes
        if store.characters.characters != first.characters.characters:
            values = f"{first.characters.name} and {store.characters.name}"
            different = "character sets"
        if different:
            raise InputError(
                f"Stores of different {different} cannot be merged ({values})."
            )
