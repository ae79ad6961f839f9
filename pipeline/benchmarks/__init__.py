"""Benchmarks: the recurrent layer and an epoch of training beside Keras and torch.

Run by `make bench`.
"""
