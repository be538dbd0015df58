from .arms import AUGMENT, PRESETS, choose_arms
from .data import by_images, by_writers, named_sets, read_samples
from .generated import GeneratedSets
from .plan import jobs_of, prepare, request
from .report import write_results
from .runs import share_accelerator, test_images, train_all
