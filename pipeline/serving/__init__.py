"""The exported model in the hands of others: as MLflow loads it."""
