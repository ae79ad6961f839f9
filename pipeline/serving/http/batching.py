"""Micro-batching: texts of requests that wait at the same time are read together, each request as if it were alone.

Nothing waits for company. A request that finds the model idle is read at once; those that come meanwhile are the next
batch. So one client has the latency of the model, and many have the throughput of its batches.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pipeline.serving.http.rest import RestError

Outputs = dict[str, np.ndarray]
PredictFn = Callable[[list[bytes]], Outputs]  # texts -> outputs of the same first dimension

BATCH_TEXTS = 128
TURN_TEXTS = 64  # of one request in one batch, where others wait: a large one doesn't hold up the small
ALIKE = 8  # a batch of fewer texts is not split by length: the call costs more than the padding

logger = logging.getLogger("maekrak.serve")


class Job:
    """The texts of one request, shortest first; `result` is set when all are read."""

    def __init__(self, predict: PredictFn, texts: list[bytes], deadline: float) -> None:
        self.predict, self.texts, self.deadline = predict, texts, deadline
        self.left = deque(sorted(range(len(texts)), key=lambda n: len(texts[n])))
        self.read = 0
        self.outputs: Outputs = {}
        self.result: asyncio.Future[Outputs] = asyncio.get_running_loop().create_future()

    def keep(self, rows: list[int], outputs: Outputs) -> None:
        """Put the outputs of some of the texts where they belong."""
        for name, array in outputs.items():
            if name not in self.outputs:
                self.outputs[name] = np.empty((len(self.texts), *array.shape[1:]), array.dtype)
            self.outputs[name][rows] = array
        self.read += len(rows)
        if self.read == len(self.texts) and not self.result.done():
            self.result.set_result(self.outputs)

    def fail(self, error: Exception) -> None:
        self.left.clear()
        if not self.result.done():
            self.result.set_exception(error)


class Batcher:
    """Reads texts with a thread of its own, so that the event loop goes on.

    Args:
        max_queued: texts that may wait; a request that would go beyond is refused with 503.
        timeout: seconds a request may take from its arrival; then it is answered with 504.
        observe: told of each batch: its texts, and how many texts wait.
    """

    def __init__(self, max_queued: int, timeout: float, observe: Callable[[int, int], None]) -> None:
        self.max_queued, self.timeout, self.observe = max_queued, timeout, observe
        self.waiting: deque[Job] = deque()
        self.queued = 0
        self.thread = ThreadPoolExecutor(1, "inference")
        self.task: asyncio.Task[None] | None = None

    async def run(self, predict: PredictFn, texts: list[bytes]) -> Outputs:
        """Return the outputs for the texts, in their order.

        Raises:
            RestError: 503 where too many texts wait, 504 where it took too long, 500 where the model fails.
        """
        if self.queued and self.queued + len(texts) > self.max_queued:
            raise RestError(503, f"Too many texts wait ({self.queued}); try again later")
        if not texts:  # the model says of what form its answer is
            return await asyncio.get_running_loop().run_in_executor(self.thread, predict, texts)
        job = Job(predict, texts, time.monotonic() + self.timeout)
        self.queued += len(texts)
        self.waiting.append(job)
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._drain())
        try:
            async with asyncio.timeout(self.timeout):
                return await job.result
        except TimeoutError:
            raise RestError(504, f"Deadline of {self.timeout:g} s exceeded") from None

    def close(self) -> None:
        self.thread.shutdown(wait=False, cancel_futures=True)

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self.waiting:
            taken = self._take()
            for part in alike_in_length(taken):
                self.observe(len(part), self.queued)
                texts = [job.texts[row] for job, row in part]
                try:
                    outputs = await loop.run_in_executor(self.thread, part[0][0].predict, texts)
                except Exception as error:
                    await self._one_by_one(part, error)
                    continue
                deliver(part, outputs)

    def _take(self) -> list[tuple[Job, int]]:
        """Take the next texts, those of one model, and each request's in turn where several wait."""
        taken: list[tuple[Job, int]] = []
        others: deque[Job] = deque()
        while self.waiting and len(taken) < BATCH_TEXTS:
            job = self.waiting.popleft()
            if job.result.done() or job.deadline < time.monotonic():  # nobody waits for it any more
                self.queued -= len(job.left)
                job.left.clear()
                continue
            if taken and job.predict is not taken[0][0].predict:
                others.append(job)
                continue
            most = BATCH_TEXTS - len(taken)
            turn = min(most, TURN_TEXTS) if self.waiting or taken else most
            rows = [job.left.popleft() for _ in range(min(turn, len(job.left)))]
            taken += [(job, row) for row in rows]
            self.queued -= len(rows)
            if job.left:
                others.append(job)
        self.waiting = deque([*others, *self.waiting])
        return taken

    async def _one_by_one(self, part: list[tuple[Job, int]], error: Exception) -> None:
        """Read each request of a batch that failed by itself: the failure of one is not that of its neighbours."""
        jobs = {id(job): job for job, _ in part}
        for job in jobs.values():
            rows = [row for other, row in part if other is job]
            try:
                if len(jobs) == 1:
                    raise error
                texts = [job.texts[row] for row in rows]
                job.keep(rows, await asyncio.get_running_loop().run_in_executor(self.thread, job.predict, texts))
            except Exception as own:
                logger.error("the model failed on a request: %s", type(own).__name__)
                self.queued -= len(job.left)
                job.fail(RestError(500, "The model failed on this request"))


def alike_in_length(taken: list[tuple[Job, int]]) -> Iterator[list[tuple[Job, int]]]:
    """Split texts, sorted by length, so that short ones aren't padded to the length of long ones."""
    taken = sorted(taken, key=lambda one: len(one[0].texts[one[1]]))
    part: list[tuple[Job, int]] = []
    for job, row in taken:
        if len(part) >= ALIKE and len(job.texts[row]) > 2 * len(part[0][0].texts[part[0][1]]) + 40:
            yield part
            part = []
        part.append((job, row))
    if part:
        yield part


def deliver(part: list[tuple[Job, int]], outputs: Outputs) -> None:
    """Hand each request its rows of a batch's outputs."""
    places: dict[int, tuple[Job, list[int], list[int]]] = {}
    for place, (job, row) in enumerate(part):
        _, rows, at = places.setdefault(id(job), (job, [], []))
        rows.append(row)
        at.append(place)
    for job, rows, at in places.values():
        job.keep(rows, {name: array[at] for name, array in outputs.items()})
