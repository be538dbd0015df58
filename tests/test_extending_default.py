"""python my_training.py --train=MANIFEST

Trains a recogniser with other defaults than those of the package.
"""

import dataclasses
import pathlib
import subprocess
import sys

import pytest

from experiments import flags, train_classifier

pytestmark = pytest.mark.backend_free


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(train_classifier.Settings):
    """Settings of train_classifier with other defaults, for every model size."""

    DEFAULTS = {
        size: {**defaults, "steps": 500, "mix": "cutmix"}
        for size, defaults in train_classifier.Settings.DEFAULTS.items()
    }


def test_the_settings_have_the_other_defaults():
    settings = Settings(train="manifest.json", size="base")
    assert (settings.steps, settings.mix, settings.image_size) == (500, "cutmix", 224)
    assert Settings(train="manifest.json", mix="none").mix == "none"
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.steps = 1


def test_the_help_has_them():
    root = pathlib.Path(__file__).parent.parent
    command = [sys.executable, __file__, "--help"]
    result = subprocess.run(
        command, capture_output=True, text=True, cwd=root, env={"PYTHONPATH": str(root)}
    )
    printed = " ".join(result.stdout.split())
    for name, default in (("mix", "cutmix"), ("steps", "500")):
        text = printed.split(f" --{name}: ")[1].split(" --")[0]
        assert f"Default: {default}." in text and "(default:" not in text


if __name__ == "__main__":
    flags.run(train_classifier.main, Settings, __doc__)
