"""Parts of prepare_pages: the sheet, the reading of photos, the output."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
