"""The objectives of pretrain: language model and sequence autoencoder, their softmax, fitting and evaluation.

None of them uses labels.
"""
