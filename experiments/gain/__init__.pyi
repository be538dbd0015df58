from .arms import AUGMENT, choose_arms
from .data import by_images, by_writers
from .generated import GeneratedSets
from .plan import jobs_of, prepare, request
from .report import write_results
from .rivals import check_rivals
from .runs import share_accelerator, test_images, train_all
from .scenario import samples_of
from .settings import Scenario
