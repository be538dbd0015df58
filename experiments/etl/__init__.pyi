from .files import report_files as report_files
from .files import request_of as request_of
from .sheets import write_sheets as write_sheets
