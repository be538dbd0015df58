from .coverage import coverage_table as coverage_table
from .coverage import render_part as render_part
from .coverage import report_left_out as report_left_out
from .coverage import unusable as unusable
from .coverage import write_coverage as write_coverage
from .sheets import write_sheets as write_sheets
