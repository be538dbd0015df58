from .images import adapt_generator
from .tracks import adapt_writer
