"""Parts of prepare_etl: reports of the files, its request, pictures of each set."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
