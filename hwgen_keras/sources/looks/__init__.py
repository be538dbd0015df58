"""Looks: pens for tracks, and what paper and a scanner make of an image."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
