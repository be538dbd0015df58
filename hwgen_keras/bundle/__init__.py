"""A folder with one trained model in one or several formats, and its `model.json`.

The description lists every file with its size and checksum. So a truncated or replaced
file is noticed before anything is loaded. The description holds no code, and neither
writing nor reading it needs Keras.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
