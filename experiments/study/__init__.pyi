from .probes import Probes as Probes
from .probes import measures as measures
