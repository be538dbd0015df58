from .fit import FitQuality as FitQuality
from .fit import fit_track as fit_track
