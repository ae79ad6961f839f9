"""Texts of many requests are read together, and none of them notices."""

import asyncio
import threading
from collections.abc import Callable

import numpy as np
import pytest

from pipeline.serving.http.batching import BATCH_TEXTS, Batcher, Outputs
from pipeline.serving.http.rest import RestError


class Model:
    """Gives the length of each text; waits for `go`, fails on "bad", and notes what it was asked together."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, texts: list[bytes]) -> Outputs:
        self.go.wait(10)
        self.batches.append(texts)
        if b"bad" in texts:
            raise ValueError("bad")
        return {"positive": np.array([len(text) for text in texts], np.float32)}


def run(scenario: Callable[[Batcher, Model], object], max_queued: int = 10_000, timeout: float = 10) -> Model:
    model = Model()

    async def main() -> None:
        batcher = Batcher(max_queued, timeout, lambda texts, queued: None)
        await scenario(batcher, model)  # type: ignore[misc]
        assert batcher.queued == 0 and not batcher.waiting
        batcher.close()

    asyncio.run(main())
    return model


async def started(batcher: Batcher, model: Model) -> asyncio.Task[Outputs]:
    """Let the model be busy with one text until it is told to go."""
    model.go.clear()
    task = asyncio.create_task(batcher.run(model, [b"first"]))
    while batcher.queued or batcher.task is None:
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    return task


def test_each_gets_its_own_answers_in_its_own_order() -> None:
    asked = [[b"x" * (7 * n % 90) for n in range(start, start + size)] for start, size in ((0, 1), (5, 40), (9, 300))]

    async def scenario(batcher: Batcher, model: Model) -> None:
        first = await started(batcher, model)
        tasks = [asyncio.create_task(batcher.run(model, texts)) for texts in asked]
        await asyncio.sleep(0.01)
        model.go.set()
        await first
        for texts, task in zip(asked, tasks, strict=True):
            np.testing.assert_array_equal((await task)["positive"], [len(text) for text in texts])

    model = run(scenario)
    assert sum(map(len, model.batches)) == 342
    assert len(model.batches) < 20 and max(map(len, model.batches)) <= BATCH_TEXTS
    assert all(batch == sorted(batch, key=len) for batch in model.batches)


def test_a_large_request_lets_small_ones_through() -> None:
    async def scenario(batcher: Batcher, model: Model) -> None:
        first = await started(batcher, model)
        large = asyncio.create_task(batcher.run(model, [b"large"] * 1000))
        small = asyncio.create_task(batcher.run(model, [b"small"]))
        await asyncio.sleep(0.01)
        model.go.set()
        await asyncio.gather(first, small)
        assert not large.done()
        await large

    run(scenario)


def test_one_that_fails_fails_alone() -> None:
    async def scenario(batcher: Batcher, model: Model) -> None:
        first = await started(batcher, model)
        tasks = [asyncio.create_task(batcher.run(model, [text])) for text in (b"good", b"bad", b"fine")]
        await asyncio.sleep(0.01)
        model.go.set()
        await first
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert results[0]["positive"] == results[2]["positive"] == [4]  # type: ignore[index]
        assert isinstance(results[1], RestError) and results[1].status == 500

    run(scenario)


def test_a_full_queue_refuses_and_what_took_too_long_is_given_up() -> None:
    async def scenario(batcher: Batcher, model: Model) -> None:
        first = await started(batcher, model)
        waiting = asyncio.create_task(batcher.run(model, [b"a"] * 90))
        await asyncio.sleep(0.01)
        with pytest.raises(RestError, match="try again later") as refused:
            await batcher.run(model, [b"b"] * 20)
        assert refused.value.status == 503
        for task in (first, waiting):
            with pytest.raises(RestError, match="Deadline") as late:
                await task
            assert late.value.status == 504
        model.go.set()
        np.testing.assert_array_equal((await batcher.run(model, [b"abc"]))["positive"], [3])

    model = run(scenario, max_queued=100, timeout=0.5)
    assert [len(batch) for batch in model.batches] == [1, 1]  # nobody reads what nobody waits for


def test_models_are_not_mixed() -> None:
    other = Model()

    async def scenario(batcher: Batcher, model: Model) -> None:
        first = await started(batcher, model)
        tasks = [asyncio.create_task(batcher.run(one, [b"text"])) for one in (model, other, model, other)]
        await asyncio.sleep(0.01)
        model.go.set()
        await asyncio.gather(first, *tasks)

    model = run(scenario)
    assert [len(batch) for batch in model.batches] == [1, 2]
    assert [len(batch) for batch in other.batches] == [2]


def test_no_texts_are_an_answer_too() -> None:
    async def scenario(batcher: Batcher, model: Model) -> None:
        assert (await batcher.run(model, []))["positive"].shape == (0,)

    run(scenario)
