"""Data sets, one folder each in the form of a TFDS builder, and how they are found and prepared.

Each has the features `text` and `label` (neg, pos), and the splits train and test, so that any can take another's
place. A name without a folder here is one of the TFDS catalogue.
"""
