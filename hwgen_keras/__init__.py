"""Handwritten Japanese characters: generate labelled images and measure what they buy.

Fonts and a small handwritten set go in; a generator of any character in any hand, a
labelled image set and a recogniser measured on unseen writers come out.
"""

__version__ = "0.1.0"
