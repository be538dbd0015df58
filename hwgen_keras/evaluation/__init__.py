"""What the recognisers read and how that is shown: reports, sheets, curves, HTML."""

from hwgen_keras.evaluation.classification import (
    arms_table,
    classification_report,
    report_text,
    summarise_arms,
    write_predictions,
    write_report,
)
from hwgen_keras.evaluation.curves import plot_curves
from hwgen_keras.evaluation.report import Figure, Table, Text, write_html
from hwgen_keras.evaluation.sheets import contact_sheet, grid
from hwgen_keras.evaluation.tables import text_table

__all__ = [
    "Figure",
    "Table",
    "Text",
    "arms_table",
    "classification_report",
    "contact_sheet",
    "grid",
    "plot_curves",
    "report_text",
    "summarise_arms",
    "text_table",
    "write_html",
    "write_predictions",
    "write_report",
]
