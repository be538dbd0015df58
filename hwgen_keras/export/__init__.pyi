from .exporter import FORMATS as FORMATS
from .exporter import check_formats as check_formats
from .exporter import export_model as export_model
from .exporter import export_saved_model as export_saved_model
from .loading import load_exported as load_exported
