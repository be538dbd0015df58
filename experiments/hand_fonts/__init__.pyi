from .characters import alternates, spellings, wanted_characters
from .outlines import draw_outlines
from .source import check_source, load_source
