"""Handwritten Japanese characters: generate labelled images and measure what they buy.

Fonts and a small handwritten set go in; a generator of any character in any hand, a
labelled image set and a recogniser measured on unseen writers come out.

This is the public API: every public name, and nothing else. Names are imported when
they are first used, so that reading a character set does not load Keras.

Examples in docstrings begin after `import numpy as np` and
`import hwgen_keras as hw`, in an empty folder but for a font in `fonts`.
"""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
