from .card import MEASURED, card
from .data import check_unseen, describe, load_contents, load_tests
from .flags import Replaced, Tests, flags_of, trainings_of
from .formats import describe_folder, formats_of, refresh, write_card
from .measures import (
    architecture,
    inputs_of,
    measure_clip,
    measure_generator,
    writing,
)
from .pictures import extremes, glyphs_of, hands
from .readers import measure_reader
from .recipes import MODELS, OMNIGLOT_WRITERS
from .runs import facts, images_of, known_to, train
from .unseen import known_hands, without
