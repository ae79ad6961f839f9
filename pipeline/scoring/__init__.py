"""Scoring: many texts by an exported model, from files into files, on one machine or many.

What is scored is never scored again, and no row is lost or doubled, whatever is killed.
"""
