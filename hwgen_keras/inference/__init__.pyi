from .classifier import LoadedClassifier as LoadedClassifier
from .clip import LoadedCLIP as LoadedCLIP
from .engines import SavedModelEngine as SavedModelEngine
from .generator import LoadedGenerator as LoadedGenerator
from .loading import load as load
from .stroke_writer import LoadedWriter as LoadedWriter
