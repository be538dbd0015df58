"""Checks model files before a library loads them.

A file from elsewhere must not run code, nor read or write other files. Each format has
its own rules; a file that breaks one is refused with a sentence.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
