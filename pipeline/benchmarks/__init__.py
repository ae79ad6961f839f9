"""Benchmarks of `make bench`: the recurrent layer and an epoch of training, beside Keras and torch."""
