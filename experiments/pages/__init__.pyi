from .printing import write_sheet
from .reading import read_folder, read_photos
