"""Settings of every type, for test_settings.py and a script that it starts.

Here, since a script that imports the tests imports Keras for seven seconds.
"""

import dataclasses

from hwgen_keras.errors import InputError
from hwgen_keras.settings import EXTENT, NOTHING, Seed, Size, setting
from hwgen_keras.training.settings import RunFolder


@dataclasses.dataclass(frozen=True, kw_only=True)
class Example(Size, Seed, RunFolder):
    """Settings of every type."""

    DEFAULTS = {"small": {"rate": 0.5, "width": 8}, "base": {"width": 16}}

    count: int = setting(20, "Images.", changes=EXTENT, above=0)
    rate: float | None = setting(None, "Rate.", at_least=0, at_most=1)
    width: int | None = setting(None, "Width.", at_least=1, below=100)
    share: float = setting(0.25, "Share.", above=0, below=1)
    verbose: bool = setting(False, "Verbose.", changes=NOTHING)
    name: str | None = setting(None, "Name.")
    prefix: str = setting("", "Prefix.", empty=True)
    stage: str = setting("all", "Stage.", choices=("first", "all"), alias="step")
    kind: str | None = setting(None, "Kind.", choices=lambda: ("a", "b"))
    files: tuple[str, ...] = setting((), "Files.")
    modes: tuple[str, ...] = setting(
        ("x",), "Modes.", choices=("x", "y"), separator=","
    )
    total: int | None = setting(None, "Total.", changes=NOTHING)

    def derived(self):
        return super().derived() | {"total": self.count * 2}

    def check(self):
        super().check()
        if self.count == 13:
            raise InputError("--count is 13; give another number.")
