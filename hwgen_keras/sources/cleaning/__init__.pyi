from .clean import clean_image as clean_image
