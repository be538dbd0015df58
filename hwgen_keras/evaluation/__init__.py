"""What recognisers read, how good generated sets are, and how that is shown."""

from hwgen_keras.evaluation.classification import (
    arms_table,
    classification_report,
    report_text,
    summarise_arms,
    write_predictions,
    write_report,
)
from hwgen_keras.evaluation.curves import plot_curves
from hwgen_keras.evaluation.distances import (
    frechet_glyph_distance,
    kernel_glyph_distance,
)
from hwgen_keras.evaluation.diversity import diversity, near_duplicate_share
from hwgen_keras.evaluation.gain import (
    chance_interval,
    changed_characters,
    changed_images,
    error_reduction,
    mean_interval,
)
from hwgen_keras.evaluation.gain_plots import plot_amounts, plot_reductions
from hwgen_keras.evaluation.paired import l1, perceptual, ssim
from hwgen_keras.evaluation.reading import content_accuracy
from hwgen_keras.evaluation.report import Figure, Pictures, Table, Text, write_html
from hwgen_keras.evaluation.sheets import contact_sheet, grid
from hwgen_keras.evaluation.tables import markdown_table, text_table
from hwgen_keras.evaluation.traits import TRAITS, trait_by_hand, trait_followed
from hwgen_keras.evaluation.writers import (
    centred_by_character,
    writer_retrieval,
    writer_similarity,
    writer_verification,
)

__all__ = [
    "Figure",
    "Pictures",
    "Table",
    "Text",
    "TRAITS",
    "arms_table",
    "centred_by_character",
    "chance_interval",
    "changed_characters",
    "changed_images",
    "classification_report",
    "contact_sheet",
    "content_accuracy",
    "diversity",
    "error_reduction",
    "frechet_glyph_distance",
    "grid",
    "kernel_glyph_distance",
    "l1",
    "markdown_table",
    "mean_interval",
    "near_duplicate_share",
    "perceptual",
    "plot_amounts",
    "plot_curves",
    "plot_reductions",
    "report_text",
    "ssim",
    "summarise_arms",
    "text_table",
    "trait_by_hand",
    "trait_followed",
    "write_html",
    "write_predictions",
    "write_report",
    "writer_retrieval",
    "writer_similarity",
    "writer_verification",
]
