"""MLflow: logging stages, registering models, reading runs. The only room that imports mlflow.

(Besides `serving/registered.py`, which MLflow itself runs.)
"""
