"""Tracks from images: a template's strokes, moved until they cover the ink."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
