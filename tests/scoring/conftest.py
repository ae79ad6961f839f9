"""A service to ask for scores: that of the tests of serving."""

from tests.serving.conftest import classifier, export_version, sealed_export, server, versions

__all__ = ["classifier", "export_version", "sealed_export", "server", "versions"]
