from .drawing import draw_track as draw_track
from .fit import FitQuality as FitQuality
from .fit import fit_track as fit_track
