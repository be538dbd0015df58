"""Pictures that show characters of each font."""

import numpy as np

from hwgen_keras.evaluation import captioned_grid

_ROWS, _COLUMNS, _CELL = 50, 24, 64


def write_sheets(folder, store, records):
    """Writes pictures of up to 24 glyphs of each font, a row a font.

    The store has the glyphs of the fonts in the order of the records.
    """
    folder.mkdir(exist_ok=True)
    count = len(store.characters)
    # Kana come first in the named sets, whose even parts would have one or two.
    kana = range(0, min(40, count), 5)
    spread = np.linspace(0, count - 1, _COLUMNS).astype(int).tolist()
    labels = list(dict.fromkeys([*kana, *spread]))[:_COLUMNS]
    keys = zip(store.sources.tolist(), store.labels.tolist(), strict=True)
    images = {key: image for image, key in enumerate(keys)}
    files = [record["file"] for record in records]
    for start in range(0, len(store.source_names), _ROWS):
        names = store.source_names[start : start + _ROWS]
        cells = []
        for source, name in enumerate(names, start):
            for label in labels:
                image = images.get((source, label))
                glyph = None if image is None else store.decode_one(image)
                cells.append((name if label == labels[0] else "", glyph))
        sheet = captioned_grid(cells, len(labels), _CELL, files)
        sheet.save(folder / f"fonts-{start // _ROWS:03d}.png")
