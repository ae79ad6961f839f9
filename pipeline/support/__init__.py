"""Helpers for every folder: errors for users, silenced native output, spawned processes, the style of figures.

Nothing here knows of a stage, a model or a review.
"""
