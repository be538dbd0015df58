"""Runs jobs on the workers of a Dask cluster, on this machine or on several.

Results come back to this process, which alone writes files: a job that was computed
twice, since its worker was lost, counts once.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
