import threading
import time

from dustjacket.pipeline.periodic import periodic


def test_a_function_is_called_until_the_block_ends():
    calls, third = [], threading.Event()

    def call():
        calls.append(1)
        if len(calls) == 3:
            third.set()

    with periodic(call, 0.001):
        assert third.wait(10)
    count = len(calls)
    time.sleep(0.02)
    assert len(calls) == count


def test_a_block_shorter_than_the_interval_calls_nothing():
    calls = []
    with periodic(lambda: calls.append(1), 60):
        pass
    assert calls == []
