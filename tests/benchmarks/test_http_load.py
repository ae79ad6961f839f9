"""The load that is put on a service is counted rightly."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pipeline.benchmarks.http_load import by_threads


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        text = json.loads(self.rfile.read(int(self.headers["content-length"])))["instances"][0]
        time.sleep(0.01)
        self.send_response(400 if text == "bad" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_answers_and_failures_are_counted() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        load = by_threads(f"http://127.0.0.1:{server.server_port}/", ["good", "bad"], clients=2, seconds=0.5)
        server.shutdown()
    assert load.clients == 2
    assert 0 < load.failed <= 60 and 0 < load.per_second <= 110
    assert 10 <= load.p50 <= load.p99
