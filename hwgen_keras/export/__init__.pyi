from .loading import load_exported as load_exported
from .making import FORMATS as FORMATS
from .making import export_model as export_model
from .making import export_saved_model as export_saved_model
