"""Rows that every generator writes in unseen hands, and their measures."""

import keras
import numpy as np

from hwgen_keras import generation, inputs, models
from hwgen_keras.data import HANDWRITING, ImageStore
from hwgen_keras.evaluation import Readings, centred_by_character, grid
from hwgen_keras.files import complete_file

_COLUMNS = 23  # of a sheet


class Probes:
    """Every character in the hands of writers who are in no training.

    `hands` are the `Readings` of real images by them.
    """

    def __init__(self, settings):
        characters = inputs.load_characters(settings)
        self.reader = generation.load_reader(
            settings.reader, characters, settings.image_size
        )
        fonts = inputs.load_store(settings, fonts=settings.fonts)
        hands = inputs.load_images(settings, settings.hands, characters, HANDWRITING)
        self.store = ImageStore.merge([fonts, hands])
        self.settings, self.characters = settings, characters
        self.hands = Readings.of_store(self.reader, hands)

    def measure(self, path, sheet):
        """The measures of a generator; `sheet`, a picture, shows its images.

        Returns:
            See `measures`, and "distance": the mean distance of features to the same
            character by the same hand, where there is one.
        """
        generator = models.load_trained(path, models.GENERATORS, "--output")
        generator = models.with_policy(generator, "float32")
        sampler = generation.GenerationSampler(
            self.store,
            self.settings.count,
            generation.writing.tokenizer_for(self.settings, generator, self.characters),
            seed=0,
            condition=generator.condition,
        )
        # As a file would keep them: eight bits.
        images, table = generation.write_rows(generator, sampler)
        with complete_file(sheet) as partial:
            grid(images[:: self.settings.count], _COLUMNS).save(partial, "PNG")
        keras.backend.clear_session()
        writers = np.array(self.store.source_names)[self.store.sources[table["style"]]]
        written = Readings.of_images(self.reader, images, table["label"], writers)
        found = measures(written)
        real, keys = (
            list(zip(read.writers, read.labels, strict=True))
            for read in (self.hands, written)
        )
        own = {key: row for row, key in enumerate(real)}
        pairs = [(row, own[key]) for row, key in enumerate(keys) if key in own]
        if pairs:
            rows, others = np.array(pairs).T
            apart = written.features[rows] - self.hands.features[others]
            found["distance"] = float(np.mean(np.linalg.norm(apart, axis=1)))
        return found


def measures(readings):
    """Measures of `Readings`, a dict of floats.

    "read" and "confidence" are in per cent; "spread" is the mean distance of features
    to the mean of their character; "ink" the blackness of the darkest twentieth of each
    image, from 0 to 1.
    """
    accuracy = readings.accuracy()
    apart = centred_by_character(readings.features, readings.labels)
    pixels = np.sort(readings.images.reshape(len(readings.images), -1), axis=1)
    return {
        "read": 100 * accuracy["top1"],
        "confidence": 100 * accuracy["confidence"],
        "spread": float(np.mean(np.linalg.norm(apart, axis=1))),
        "ink": float(1 - pixels[:, : pixels.shape[1] // 20].mean() / 255),
    }
