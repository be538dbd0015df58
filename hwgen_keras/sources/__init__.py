"""Where images come from: fonts, simulated pens, and pictures to be cleaned."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
