"""Maekrak: context resolves ambiguous phrases. A verb that `make` takes is a file here, a noun it needs a folder."""

__version__ = "1.0.0"
