"""AdaIN, residual and attention blocks, the coders made of them, conditions."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
