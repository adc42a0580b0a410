"""Tasks run in a process apart, whatever they do to it."""

import os
import signal
import threading
import time
from functools import partial

import psutil
import pytest

from dustjacket.errors import BadInputError
from dustjacket.studio.worker import Worker, WorkerEndedError


def number_of(context):
    return context["opened"], os.getpid(), os.getpriority(os.PRIO_PROCESS, 0)


def refuse(context):
    raise BadInputError("too long: shorten it")


def crash(context):
    os.kill(os.getpid(), signal.SIGKILL)


def fail(context):
    raise ZeroDivisionError


def sleep(seconds, context):
    time.sleep(seconds)


opened = partial(dict, opened=True)


@pytest.fixture
def worker():
    worker = Worker(opened, timeout_s=60)
    yield worker
    worker.end()


def test_tasks_share_one_process_of_the_lowest_priority(worker):
    first, second = worker.run(number_of), worker.run(number_of)
    assert first == second
    assert first[0] is True
    assert first[1] != os.getpid()
    assert first[2] == 19


def test_an_error_of_a_task_is_raised_here_and_the_process_goes_on(worker):
    _, process, _ = worker.run(number_of)
    with pytest.raises(BadInputError, match="shorten"):
        worker.run(refuse)
    with pytest.raises(RuntimeError, match="see the log"):
        worker.run(fail)
    assert worker.run(number_of)[1] == process


def test_after_a_crash_the_next_task_has_a_new_process(worker):
    _, process, _ = worker.run(number_of)
    with pytest.raises(WorkerEndedError, match="memory"):
        worker.run(crash)
    assert worker.run(number_of)[1] != process


def test_a_task_that_takes_too_long_is_given_up():
    worker = Worker(opened, timeout_s=0.5)
    with pytest.raises(WorkerEndedError, match="seconds"):
        worker.run(partial(sleep, 600))
    assert worker._process is None


def test_another_thread_can_end_a_task(worker):
    worker.run(number_of)
    raised = []

    def run():
        with pytest.raises(WorkerEndedError) as caught:
            worker.run(partial(sleep, 600))
        raised.append(caught)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.2)
    worker.end()
    thread.join(10)
    assert raised


def test_the_process_ends_when_its_connection_is_closed(worker):
    _, process, _ = worker.run(number_of)
    worker._connection.close()
    psutil.Process(process).wait(20)
