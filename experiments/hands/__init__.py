"""Parts of adapt_hand: a generator of images learns a hand, or a stroke writer."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
