"""Trainings: run folder, loop, checkpoints, callbacks, devices, the four stages."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
