from .card import MEASURED, card
from .data import check_unseen, describe
from .flags import Replaced, Tests, flags_of, trainings_of
from .formats import describe_folder, formats_of, refresh, write_card
from .measuring import measure_again, measure_folder
from .recipes import MODELS, OMNIGLOT_WRITERS
from .runs import facts, images_of, known_to, train
from .unseen import known_hands, without
