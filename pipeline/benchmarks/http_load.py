"""Load on an HTTP service: clients that ask without a pause, by connections that stay.

By `hey` where it is installed, else by threads of our own, which take a good part of the cores for themselves.
"""

import csv
import http.client
import io
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np


class Load(NamedTuple):
    """What so many clients got: answers a second, and the time of one in ms, at the median and the 99th percentile."""

    clients: int
    per_second: float
    p50: float
    p99: float
    failed: int


def put_under_load(url: str, texts: Sequence[str], clients: int, seconds: float) -> Load:
    """Ask a URL for predictions of one text at a time; `hey` asks for that of the middling length alone."""
    if shutil.which("hey"):
        return _by_hey(url, sorted(texts, key=len)[len(texts) // 2], clients, seconds)
    return by_threads(url, texts, clients, seconds)


def _by_hey(url: str, text: str, clients: int, seconds: float) -> Load:
    body = json.dumps({"instances": [text]})
    command = ["hey", "-z", f"{seconds}s", "-c", str(clients), "-m", "POST", "-T", "application/json"]
    command += ["-d", body, "-o", "csv", url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = list(csv.DictReader(io.StringIO(output)))
    times = [float(row["response-time"]) for row in rows if row["status-code"] == "200"]
    return summed_up(clients, times, seconds, len(rows) - len(times))


def by_threads(url: str, texts: Sequence[str], clients: int, seconds: float) -> Load:
    """Ask for the texts in turn, by a thread for each client."""
    times: list[float] = []
    failed = [0]
    end = time.perf_counter() + seconds

    def ask(first: int) -> None:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        number = first
        while (start := time.perf_counter()) < end:
            body = json.dumps({"instances": [texts[number % len(texts)]]}).encode()
            connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                times.append(time.perf_counter() - start)
            else:
                failed[0] += 1
            number += clients
        connection.close()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return summed_up(clients, times, time.perf_counter() - start, failed[0])


def summed_up(clients: int, times: list[float], seconds: float, failed: int) -> Load:
    """Sum up the seconds that each answer took."""
    p50, p99 = np.percentile(times, [50, 99]) * 1000 if times else (np.nan, np.nan)
    return Load(clients, len(times) / seconds, float(p50), float(p99), failed)
