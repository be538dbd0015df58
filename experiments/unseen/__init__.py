"""Parts of unseen_characters: the characters to hold out, and the results."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
