"""Written characters as curves: outlines, SVG, pages and OpenType fonts."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
