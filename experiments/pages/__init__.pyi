from .printing import write_sheet as write_sheet
from .reading import read_folder as read_folder
from .reading import read_photos as read_photos
from .settings import Cleaning as Cleaning
