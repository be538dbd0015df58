"""Parts of prepare_strokes: matching, simulated writers, reports and pictures."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
