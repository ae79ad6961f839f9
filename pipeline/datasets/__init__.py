"""Data sets, one folder each in the form of a TFDS builder: `text`, `label` (neg, pos), splits train and test.

Any data set can take any other's place. A name that has no folder here is one of the TFDS catalogue.
"""
