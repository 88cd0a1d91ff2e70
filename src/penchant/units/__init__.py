"""Interest Units (IRA, Algorithm 1): `rules` is the text to read; `waves`, `arrays` and `kernel` do the same
for many users."""
