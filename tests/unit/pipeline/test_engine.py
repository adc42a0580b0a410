"""Functions run in processes give what they give here, and nothing outlives this process."""

import os
import time

import psutil
import pytest

from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.pipeline.engine import in_processes, in_this_process


def double(number):
    if number == 7:
        raise BadInputError("seven")
    return 2 * number


def end(_number):
    os._exit(9)


def slow(number):
    time.sleep(60 if number else 0)
    return number


@pytest.mark.parametrize("engine", [in_this_process, in_processes])
def test_results_come_in_the_order_of_the_items(engine):
    assert list(engine(double, iter(range(5)))) == [0, 2, 4, 6, 8]
    with pytest.raises(BadInputError, match="seven"):
        list(engine(double, [1, 7]))


def test_a_process_that_dies_is_one_line():
    with pytest.raises(DustjacketError, match="memory"):
        list(in_processes(end, [1]))


def test_no_process_outlives_a_run_that_is_given_up():
    run = in_processes(slow, [0, 1, 2])
    assert next(run) == 0
    children = psutil.Process().children()
    workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    run.close()
    assert workers
    assert psutil.wait_procs(workers, timeout=20)[1] == []
