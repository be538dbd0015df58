from .making import load_generator, maker_of
from .remote import described, source_of
from .settings import Settings
