"""The evidence that context decides: measures, the baseline, phrases, pairs and templates.

Everything that evaluate measures is defined here: `measures/` holds one subject a file, `registry.py` names them all.
"""
