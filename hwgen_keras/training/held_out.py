"""Images or tracks held out of a short training, which measure and end it."""

import json

import keras
import numpy as np

from hwgen_keras.data import FONT, HANDWRITING
from hwgen_keras.data.placing import placed
from hwgen_keras.data.rows import InputTable, row_generator
from hwgen_keras.models import averaged
from hwgen_keras.training.checkpoints import checkpoint_folders, seed_states

# With fewer images or characters, all of them are training images.
LEAST_IMAGES, LEAST_CHARACTERS = 5, 3
# Rows of the held-out batch: images repeat with other glyphs and styles, tracks with
# others of the hand.
_ROWS = 64


def divide(store, seed):
    """Divides the images of a hand: a fifth of its characters, or none, is held out.

    Args:
        store: an `ImageStore` of fonts and one hand.
        seed: integer.

    Returns:
        (indices of the hand's training images, indices of the held-out images).
    """
    hand = np.flatnonzero(store.kinds == HANDWRITING)
    labels = store.labels[hand]
    drawn = np.unique(store.labels[store.kinds == FONT])
    return _divided(hand, labels, np.unique(labels[np.isin(labels, drawn)]), seed)


def divide_tracks(store, seed):
    """Divides the tracks of a hand as `divide` does its images.

    Args:
        store: a `StrokeStore` of one hand.
        seed: integer.

    Returns:
        (indices of the training tracks, indices of the held-out tracks).
    """
    labels = store.labels
    return _divided(np.arange(len(store)), labels, np.unique(labels), seed)


def _divided(hand, labels, characters, seed):
    if len(hand) < LEAST_IMAGES or len(characters) < LEAST_CHARACTERS:
        return hand, hand[:0]
    count = max(1, len(characters) // 5)
    chosen = row_generator(seed, 0).permutation(characters)[:count]
    held = np.isin(labels, chosen)
    return hand[~held], hand[held]


def held_out_tracks(sampler, held):
    """A batch of held-out tracks, each several times, with other tracks of the hand.

    Args:
        sampler: a `TrackSampler` of all tracks of one hand.
        held: numbers of the held-out tracks, see `divide_tracks`; none of them is
            shown.
    """
    hands = -(-_ROWS // len(held))
    rows = np.tile(held, (hands, 1))
    return sampler.batch_of(rows, row_generator(sampler.seed, 0))


def held_out_batch(store, known, held, tokenizer, seed, condition=None):
    """A batch of held-out targets in the style of other images; see `divide`."""
    rng = row_generator(seed, 1)
    target = np.resize(held, max(_ROWS, len(held)))
    fonts = {
        k: np.flatnonzero((store.kinds == FONT) & (store.labels == k))
        for k in np.unique(store.labels[held])
    }
    label = store.labels[target].astype(np.int32)
    table = InputTable(store.characters, label, tokenizer, condition)
    return {
        "content": placed(store, [rng.choice(fonts[k]) for k in label]),
        "style": placed(store, rng.choice(known, len(target))),
        "target": placed(store, target),
        "label": label,
        "drop_condition": np.zeros(len(target), bool),
        **table.draw(rng, label),
    }


def median_of_tracks(count):
    """A `summary` of `HeldOut`: the median loss of `count` held-out tracks.

    One strange track, such as a bad fit, would outweigh all others in a mean.
    """
    return lambda losses: np.median(losses.reshape(-1, count).mean(axis=0))


class HeldOut(keras.callbacks.Callback):
    """Measures held-out images or tracks at every interval, and stops early.

    The run folder gets the best generator, best.keras, and the losses, held_out.json;
    of weights with moving averages, these are measured and saved.

    Args:
        run: the `Run`.
        batch: of `held_out_batch` or `held_out_tracks`.
        patience: intervals without improvement after which the training ends; None: it
            does not.
        summary: a function, losses of the rows → their number.
    """

    def __init__(self, run, batch, patience, summary=np.mean):
        super().__init__()
        self.summary = summary
        self.run, self.batch, self.patience = run, batch, patience
        self.file = run.folder / "held_out.json"

    def begin(self, model):
        """Measures the generator before the training, or reads earlier results."""
        if checkpoint_folders(self.run.checkpoints) and self.file.exists():
            self.results = json.loads(self.file.read_text("utf-8"))
            return
        self.results = {"losses": [self.measure(model)], "best": 0, "ended": False}
        self._save(model)

    def _save(self, model):
        with averaged(model):
            self.run.save(model.generator, "best.keras")

    @property
    def ended(self):
        return self.results["ended"]

    def measure(self, model):
        """The loss of the batch, with the same noise each time."""
        states = seed_states(model)
        before = [keras.ops.convert_to_numpy(state) for state in states]
        for number, state in enumerate(states):
            state.assign(np.array([0, number], "uint32"))
        with averaged(model):
            losses = np.asarray(model.predict_on_batch(self.batch))
        loss = float(self.summary(losses))
        for state, value in zip(states, before, strict=True):
            state.assign(value)
        return loss

    def on_epoch_end(self, epoch, logs=None):
        # On JAX, reading `self.model` syncs its weights.
        loss = logs["held_out_loss"] = self.measure(self.model)
        losses = [*self.results["losses"], loss]
        best = int(np.argmin(losses))
        if best == len(losses) - 1:
            self._save(self.model)
        patience = len(losses) if self.patience is None else self.patience
        ended = len(losses) - 1 - best >= patience
        self.set_state({"losses": losses, "best": best, "ended": ended})
        self.run.write_json("held_out.json", self.results)
        if ended:
            self.model.stop_training = True

    def get_state(self):
        """The state that a checkpoint keeps, a dict for JSON."""
        return self.results

    def set_state(self, state):
        """Restores a result of `get_state`."""
        self.results = state
