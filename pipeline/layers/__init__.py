"""Layers: the base of cells, the layer that runs them over a sequence, its loop and scan, pooling.

Usable in any Keras model; nothing here knows of reviews.
"""
