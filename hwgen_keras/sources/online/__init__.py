"""Online handwriting: recorded strokes, from files of several formats."""
