from .font import FontNames as FontNames
from .font import build_font as build_font
from .outlines import Outline as Outline
from .outlines import outline as outline
from .svg import track_svg as track_svg
from .vertical import vertical_form as vertical_form
from .vertical import vertical_move as vertical_move
from .vertical import vertical_outline as vertical_outline
