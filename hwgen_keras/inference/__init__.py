"""Using a trained model, whatever its format: NumPy arrays in and out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
