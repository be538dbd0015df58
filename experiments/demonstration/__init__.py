"""Parts of the demo: its data, its use of the exported model, its report."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
