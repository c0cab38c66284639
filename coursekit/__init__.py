"""coursekit: the library of the course on deep generative models."""
__version__ = "0.1.0"
