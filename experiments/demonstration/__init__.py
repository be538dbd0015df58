"""The parts of the demo that no other script has: its data, its use, its report."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
