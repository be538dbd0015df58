from .probes import Probes, measures
