"""Artifacts on disk: manifests, atomic files, checkpoints and tables.

A folder with a manifest is complete; nothing else is.
"""
