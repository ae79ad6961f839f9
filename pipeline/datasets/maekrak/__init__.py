"""Maekrak: Korean reviews in which the context decides what an ambiguous phrase means."""
