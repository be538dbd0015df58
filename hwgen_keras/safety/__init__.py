"""Model files, looked at before anything makes a model of them.

A file from elsewhere must not run code, nor read or write other files. Each format is
checked by its own rules, and refused with one sentence.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
