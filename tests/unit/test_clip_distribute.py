"""What a training that failed is said to have failed of."""

import pytest

from dustjacket.clip.distribute import reason
from dustjacket.errors import BadInputError
from dustjacket.parameters import ClipParameters

PARAMETERS = ClipParameters(processes=2, batch_size=16)
PEER = "[rank1]: RuntimeError: [gloo/transport/tcp/pair.cc:561] Connection closed by peer [::1]:1"
OURS = f"{BadInputError.__module__}.{BadInputError.__name__}"
TERMINATED = "  exitcode  : -15 (pid: 7)  (SIGTERM)"
SMALLER = "set micro_batch=4, which gives the same training in smaller parts"
NO_MEMORY = f"out of memory with 8 pairs at a time in each process: {SMALLER}"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([PEER, f"[rank0]: {OURS}: no such covers", TERMINATED], "no such covers"),
        ([PEER, "[rank0]: OSError: [Errno 12] Cannot allocate memory"], NO_MEMORY),
        ([PEER, "terminate called after throwing an instance of 'std::bad_alloc'"], NO_MEMORY),
        (["memory allocation of 134442408 bytes failed", TERMINATED], NO_MEMORY),
        (
            [PEER, TERMINATED, "  exitcode  : -9 (pid: 6) (SIGKILL)"],
            f"a process was ended by SIGKILL; where memory ran out, {SMALLER}",
        ),
        ([PEER, TERMINATED, "[rank0]: KeyError: 'title'"], "KeyError: 'title'"),
        ([PEER, TERMINATED], PEER.removeprefix("[rank1]: ")),
        (["Command failed with return code 1", "no more"], "Command failed with return code 1"),
    ],
)
def test_a_training_failed_of_what_was_wrong_and_not_of_what_that_did_to_others(said, why):
    assert reason("\n".join(said), PARAMETERS) == why
