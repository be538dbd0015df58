"""Exports a `.keras` file of any backend to formats that other programs load.

Keras exports SavedModels from TensorFlow and JAX, not from PyTorch. So the export runs
in a process of its own on TensorFlow, whatever trained the model. Another process,
without Keras and this package, then loads the result. It must compute what the Keras
model computes; otherwise the export is deleted.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
