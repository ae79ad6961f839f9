"""The HTTP service: TensorFlow Serving's REST words, micro-batching, versions that come and go, metrics, the page.

`service` answers requests; `rest` reads and writes them; `batching` hands their texts to the model; `models` keeps the
versions in memory, of which `models_config` tells; `metrics` counts.
"""
