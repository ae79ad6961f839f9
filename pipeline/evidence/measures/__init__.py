"""What evaluate measures, one subject a file: each has a function `measure` of the context of an evaluation.

`pipeline/evidence/registry.py` says in which order they run, and what their measures are called.
"""
