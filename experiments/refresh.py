"""python -m experiments.refresh [NAME]

Makes the SavedModels of saved_models/ again from each model.keras, the ONNX files of
those that have one, the cards from measured.json, and the checksums. A model that was
trained again by experiments.reproduce has them already. Each folder is replaced when it
is complete; model.keras stays as it is.
"""

import dataclasses
import pathlib

from hwgen_keras import bundle
from hwgen_keras.errors import InputError
from hwgen_keras.settings import Settings as Base
from hwgen_keras.settings import setting

from . import flags, zoo


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(Base):
    """Settings of a refreshment."""

    name: str | None = setting(
        None,
        "Name of a model in --models; may be written without --name=. Default: all.",
    )
    models: str = setting("saved_models", "Folder of the models.")
    cards_only: bool = setting(
        False, "Only write the cards and checksums; no TensorFlow is needed."
    )

    def check(self):
        super().check()
        if not self.folders:
            raise InputError(f"--models: {self.models} holds no model; check the path.")
        for folder in self.folders:
            if not (folder / bundle.DESCRIPTION).is_file():
                raise InputError(f"--name: there is no model {folder}; check the name.")

    @property
    def folders(self):
        """The folders of the models."""
        models = pathlib.Path(self.models)
        if self.name is not None:
            return [models / self.name]
        return sorted(
            path.parent for path in models.glob(f"[!.]*/{bundle.DESCRIPTION}")
        )


def main(settings):
    for folder in settings.folders:
        if settings.cards_only:
            zoo.write_card(folder)
            continue
        for name, difference in zoo.refresh(folder).items():
            print(
                f"{folder}, {name}: differs from the Keras model by {difference:.1e}."
            )


if __name__ == "__main__":
    flags.run(main, Settings, __doc__, argument="name")
