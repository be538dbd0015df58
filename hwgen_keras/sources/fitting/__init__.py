"""Tracks from images: a template's strokes, moved until they cover the ink."""
