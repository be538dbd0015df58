"""Parts of specimen: the images of a text, and the pages that they are set on."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
