from .findings import findings_of, summary
from .reading import listing_of, measures_of
from .sheets import write_sheets
