"""Rewrites glyphs in hands, for a text or a page."""

import numpy as np

from hwgen_keras.generation import row_noise, to_uint8
from hwgen_keras.inference import engines


def write_glyphs(
    engine,
    content,
    hands,
    condition,
    *,
    rows=None,
    seed=0,
    strength=None,
    batch_size=32,
):
    """Rewrites n glyphs in one hand, or between several: uint8 (n, size, size).

    Args:
        engine: engine of a generator.
        content: float32 (n, size, size, 1) in [-1, 1], glyphs in their place.
        hands: list of (images, count, share): float32 (m, size, size, 1) by one hand,
            the number of them whose styles are averaged for a glyph, and the weight of
            this average; the weights of all hands sum to 1.
        condition: condition inputs of the n characters, a dict of arrays.
        rows: (n,) integers that with `seed` fix the style images and the noise of each
            glyph; None: 0 to n - 1.
        seed, strength, batch_size: see `LoadedGenerator.write`.
    """
    rows = np.arange(len(content)) if rows is None else np.asarray(rows)
    inputs = {"content": content, **condition}
    if strength is not None:
        inputs["strength"] = np.full(len(content), strength, np.float32)
    written = []
    for chosen, kept in engines.batches(len(content), batch_size):
        batch = {name: value[chosen] for name, value in inputs.items()}
        batch |= _styles(hands, seed, rows[chosen].tolist())
        if "noise" in engine.input_names:
            batch["noise"] = row_noise(seed, rows[chosen], content.shape[1])
        written.append(to_uint8(engine.run(batch)["image"])[:kept])
    return np.concatenate(written)


def _styles(hands, seed, rows):
    """The style images of rows, and the weights of several hands."""
    images_by_hand, weights = [], []
    for number, (images, count, share) in enumerate(hands):
        drawn = [
            np.random.default_rng((seed, number, row)).choice(
                len(images), count, replace=False
            )
            for row in rows
        ]
        images_by_hand.append(images[np.stack(drawn)])
        weights += count * [share / count]
    style = np.concatenate(images_by_hand, axis=1)
    if style.shape[1] == 1:
        return {"style": style[:, 0]}
    if len(hands) == 1:
        return {"style": style}
    weights = np.tile(np.array(weights, np.float32), (len(rows), 1))
    return {"style": style, "style_weights": weights}
