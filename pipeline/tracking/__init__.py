"""Tracking in MLflow: log stages, register models, read the runs of a data set and draw their accuracies.

This folder, and `serving/registered.py`, which MLflow runs by itself, hold all code that imports mlflow.
"""
