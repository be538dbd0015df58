"""What loaded models of all kinds have in common."""


class LoadedModel:
    """A model for inference, with its engine and its `Facts`."""

    def __init__(self, engine, facts):
        facts.take_classes(engine)
        self._engine, self._facts = engine, facts
        self.kind, self.format = engine.kind, engine.format
        self.image_size = facts.image_size
        self.characters = facts.characters and tuple(facts.characters)

    def __repr__(self):
        return (
            f"<{type(self).__name__} {self._engine.name}: {self.kind}, {self.format}, "
            f"{self.image_size} px>"
        )
