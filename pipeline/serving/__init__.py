"""Serving: the exported SavedModel, its model card, and what MLflow registers.

An exported model needs TensorFlow and TensorFlow Text alone.
"""
