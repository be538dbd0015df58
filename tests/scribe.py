"""A generator without weights, whose images are exact sums, for tests of generation."""

import os
import signal
import sys

import numpy as np
from stores import small_store

from hwgen_keras.characters import CharacterSet
from hwgen_keras.generation import GenerationSampler, generate

CHARACTERS = CharacterSet("six", "あいうかきく")


class Scribe:
    """Writes the mean of content and style, and a little of the noise.

    Args:
        input_names: what it is given; without style and noise, copies of the content.
        kill_at: number of the batch, from 1, at which the process is killed.
        change: optional function (images, inputs) of what it writes.
    """

    def __init__(
        self, input_names=("content", "style", "noise"), kill_at=0, change=None
    ):
        self.input_names, self.kill_at, self.change = input_names, kill_at, change
        self.sizes = []

    def get_weights(self):
        return [np.arange(3.0)]

    def predict_on_batch(self, inputs):
        assert set(inputs) == set(self.input_names)
        self.sizes.append(len(inputs["content"]))
        if len(self.sizes) == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        images = (inputs["content"] + inputs.get("style", inputs["content"])) / 2
        images = np.clip(images + 0.3 * inputs.get("noise", 0), -1, 1)
        return self.change(images, inputs) if self.change else images


def sampler(count=3, **arguments):
    return GenerationSampler(small_store(CHARACTERS), count, **arguments)


def write(output, generator=None, count=3, follow_forms=True, **arguments):
    """`generate` with six rows a part, so that there are several."""
    arguments = {"part_rows": 6, "progress": False, "batch_size": 4, **arguments}
    drawn = sampler(count, follow_forms=follow_forms)
    return generate(generator or Scribe(), drawn, output, **arguments)


if __name__ == "__main__":
    write(sys.argv[1], Scribe(kill_at=int(sys.argv[2])), form=sys.argv[3])
