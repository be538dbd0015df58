"""A folder with one trained model in one or several formats, told by its `model.json`.

The description names every file with its size and checksum, so that a model that was
cut short or exchanged on its way is noticed before anything of it is loaded. It holds
no code, and neither writing nor reading it needs Keras.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
