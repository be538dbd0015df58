"""Practice sheets: printing them, and reading photos of filled ones."""
