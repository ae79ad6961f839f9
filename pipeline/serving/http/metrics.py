"""What the service counts, under the names that tensorflow/serving has for it where it counts the same."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from pipeline.serving.http.rest import reason

LATENCY_BOUNDS = [10 * 1.8**k for k in range(33)]  # microseconds, those of tensorflow/serving
BATCH_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128]

disable_created_metrics()


class Metrics:
    """The metrics of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            ":tensorflow:serving:request_count", "Requests by status.", ["model_name", "status"], registry=self.registry
        )
        self.latency = Histogram(
            ":tensorflow:serving:request_latency",
            "Time of requests that were answered, in microseconds.",
            ["model_name", "API", "entrypoint"],
            buckets=LATENCY_BOUNDS,
            registry=self.registry,
        )
        self.batch = Histogram(
            "maekrak_batch_texts", "Texts that were read together.", buckets=BATCH_BOUNDS, registry=self.registry
        )
        self.queued = Gauge("maekrak_queued_texts", "Texts that wait to be read.", registry=self.registry)
        self.version = Gauge(
            "maekrak_served_version", "The newest version that is served.", ["model_name"], registry=self.registry
        )
        self.loads = Counter(
            "maekrak_version_loads",
            "Versions that were loaded, or refused.",
            ["model_name", "outcome"],
            registry=self.registry,
        )

    def answered(self, model: str, api: str, status: int, seconds: float) -> None:
        """Count a request that was for a model."""
        self.requests.labels(model, reason(status)).inc()
        if status == 200:
            self.latency.labels(model, api, "REST").observe(seconds * 1e6)

    def observe_batch(self, texts: int, queued: int) -> None:
        self.batch.observe(texts)
        self.queued.set(queued)

    def exposition(self) -> bytes:
        """Return all of them in Prometheus' text format."""
        text = generate_latest(self.registry)
        return text.replace(b":request_count_total", b":request_count")  # the client would have counters end so
