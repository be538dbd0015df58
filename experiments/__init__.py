"""One script a step; from a checkout run them as `python -m experiments.NAME`.

A wheel has them as `hwgen_keras.experiments`, with the command `hwgen NAME`. So they
import each other relatively.
"""
