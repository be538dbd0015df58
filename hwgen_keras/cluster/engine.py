"""The settings that say where a script computes."""

import dataclasses

from hwgen_keras.errors import InputError
from hwgen_keras.settings import NOTHING, Settings, setting

LOCAL, DASK = ENGINES = ("local", "dask")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Engine(Settings):
    """Where a script computes."""

    engine: str = setting(
        LOCAL,
        "What computes: this machine alone (local), or workers of Dask, which may be "
        "lost without harm, on this machine or on others (dask).",
        changes=NOTHING,
        choices=ENGINES,
    )
    scheduler: str | None = setting(
        None,
        "Address of a running Dask scheduler, tcp://HOST:PORT. Default: --engine=dask "
        "starts workers on this machine.",
        changes=NOTHING,
    )
    workers: int | None = setting(
        None,
        "Workers that --engine=dask starts on this machine. Default: one a GPU; "
        "without GPUs one a core.",
        changes=NOTHING,
        above=0,
    )

    def check(self) -> None:
        super().check()
        for name in ("scheduler", "workers"):
            if self.engine != DASK and getattr(self, name) is not None:
                raise InputError(
                    f"--{name} is for --engine=dask; give that, too, or leave it out."
                )
        if self.scheduler is not None and self.workers is not None:
            raise InputError(
                "--scheduler has workers of its own; leave --workers out, or start "
                "that many there."
            )
