from .coverage import (
    coverage_table,
    render_part,
    report_left_out,
    unusable,
    write_coverage,
)
from .sheets import write_sheets
