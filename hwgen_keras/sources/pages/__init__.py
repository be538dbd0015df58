"""Practice sheets: printing them, and reading photos of what was written on them."""
