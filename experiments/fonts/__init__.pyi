from .coverage import (
    coverage_table,
    render_part,
    report_left_out,
    unusable,
    write_coverage,
)
from .font_list import read_font_list, report_listed, select_listed
from .sheets import write_sheets
