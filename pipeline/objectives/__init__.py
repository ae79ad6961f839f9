"""The objectives of pretrain: language model and sequence autoencoder, their softmax, fitting and measuring.

Nothing here sees a label.
"""
