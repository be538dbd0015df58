"""The parts of augmentation_gain: its data, arms, trainings and report."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
