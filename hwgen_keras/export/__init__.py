"""From a `.keras` file of any backend to what other programs load, and back.

Keras exports SavedModels from TensorFlow and JAX, not from PyTorch. So the export runs
in a process of its own on TensorFlow, whatever trained the model. What was written is
then loaded in another process, which has neither Keras nor this package, and must
compute what the Keras model computes: else nothing is left of it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
