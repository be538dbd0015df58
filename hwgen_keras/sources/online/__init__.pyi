from .matching import Match as Match
from .matching import match_strokes as match_strokes
from .reading import online_files as online_files
from .reading import read_online as read_online
from .samples import OnlineSample as OnlineSample
from .samples import Unusable as Unusable
from .tracks import matched_track as matched_track
