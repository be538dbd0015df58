from .files import EARLIER, report_files, request_of
from .sheets import write_sheets
