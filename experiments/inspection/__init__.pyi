from .findings import findings_of as findings_of
from .findings import summary as summary
from .reading import listing_of as listing_of
from .reading import measures_of as measures_of
from .sheets import write_sheets as write_sheets
