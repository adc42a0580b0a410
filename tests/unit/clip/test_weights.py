"""Any bytes that are named as weights are a model, or one clear line."""

import json
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from dustjacket.clip.model import random_model
from dustjacket.clip.weights import _with_checkpoint
from dustjacket.errors import BadInputError

MODEL = "dustjacket-small"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a safetensors file that is right."""
    file = tmp_path_factory.mktemp("weights") / "whole.safetensors"
    state = random_model(MODEL, 1).model.state_dict()
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, file)
    return file.read_bytes()


def loaded_or_refused(file, body):
    file.write_bytes(body)
    try:
        return _with_checkpoint(MODEL, file, str(file), 1)
    except BadInputError as error:
        message = str(error)
    assert str(file) in message
    assert "\n" not in message
    return None


def with_header(body, header):
    """Return the file with another header before the same tensors."""
    length = struct.unpack("<Q", body[:8])[0]
    packed = json.dumps(header).encode()
    return struct.pack("<Q", len(packed)) + packed + body[8 + length :]


def header_of(body):
    return json.loads(body[8 : 8 + struct.unpack("<Q", body[:8])[0]])


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_damage_to_a_safetensors_file_is_refused_in_one_line_or_does_no_harm(
    data, whole, tmp_path
):
    header = header_of(whole)
    name = data.draw(st.sampled_from(sorted(header.keys() - {"__metadata__"})))
    entry = header[name]
    kind = data.draw(
        st.sampled_from(["cut", "bytes", "shape", "offsets", "dtype", "name", "length", "noise"])
    )
    match kind:
        case "cut":
            body = whole[: data.draw(st.integers(0, len(whole) - 1))]
        case "bytes":
            at = data.draw(st.integers(0, 2000))
            body = whole[:at] + data.draw(st.binary(min_size=1, max_size=8)) + whole[at + 8 :]
        case "shape":
            shape = data.draw(st.lists(st.integers(-2, 2**62), max_size=4))
            body = with_header(whole, {**header, name: {**entry, "shape": shape}})
        case "offsets":
            ends = data.draw(st.lists(st.integers(-1, 2**63), min_size=2, max_size=2))
            body = with_header(whole, {**header, name: {**entry, "data_offsets": ends}})
        case "dtype":
            dtype = data.draw(st.sampled_from(["F64", "I8", "BOOL", "BF16", "C64", "X"]))
            body = with_header(whole, {**header, name: {**entry, "dtype": dtype}})
        case "name":
            other = {key: value for key, value in header.items() if key != name}
            body = with_header(whole, {**other, data.draw(st.text(max_size=20)): entry})
        case "length":
            body = struct.pack("<Q", data.draw(st.integers(0, 2**64 - 1))) + whole[8:]
        case _:
            body = data.draw(st.binary(max_size=200))
    loaded_or_refused(tmp_path / "weights.safetensors", body)


def test_whole_weights_are_loaded(whole, tmp_path):
    assert loaded_or_refused(tmp_path / "weights.safetensors", whole) is not None
