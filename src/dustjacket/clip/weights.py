"""Sources of a model's weights: packages, open_clip's tags, a hub, a folder, a checkpoint."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import open_clip
import torch
from open_clip.constants import HF_CONFIG_NAME, HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME

from dustjacket.clip.conse import NAME as CONSE
from dustjacket.clip.conse import build_conse
from dustjacket.clip.model import CONFIGS, Clip, load, random_model
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.sources.s3_objects import s3_objects
from dustjacket.storage.store import Store

HUB = "hf-hub:"
_SUFFIXES = (".json", ".txt", ".safetensors", ".pt", ".pth", ".bin")
_WEIGHTS = (HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME)  # the latter without running pickled code
_MAX_BYTES = 20 << 30
_HUB_TIMEOUT_S = 5


def open_model(
    model: str,
    weights: str,
    seed: int,
    *,
    store: Store,
    images: torch.Tensor | None = None,
    titles: Sequence[str] = (),
) -> Clip:
    """Return a model with its weights.

    Args:
        model: ``lite0-minilm``; a config in ``configs/`` or of open_clip; ``hf-hub:`` and a name on
            the hub; or the folder or s3:// address of a model that open_clip saved.
        weights: for a config, one of open_clip's tags, or the path or s3:// address of a checkpoint
            (safetensors, or PyTorch's format without pickled code); empty: random weights.
        seed: of random weights.
        images, titles: examples on which ``lite0-minilm`` is fitted; see :func:`build_conse`.

    Raises:
        BadInputError: no model has that name, its files cannot be read, or its weights are not all
            finite.
        NotReadyError: its weights cannot be downloaded, or are not installed.
    """
    if model == CONSE:
        empty = torch.empty((0, 3, 224, 224), dtype=torch.uint8)
        return build_conse(empty if images is None else images, titles)
    clip = _open(model, weights, seed, store)
    for name, tensor in clip.model.state_dict().items():
        if not torch.isfinite(tensor).all():
            raise BadInputError(
                f"weights {weights or model!r} hold values that are not finite, in {name}: give "
                "those of a training that did not diverge"
            )
    return clip


def _open(model: str, weights: str, seed: int, store: Store) -> Clip:
    if model.startswith(HUB):
        return _from_hub(model)
    if model.startswith("s3://"):
        with tempfile.TemporaryDirectory() as folder:
            return _from_folder(_download(model, store, Path(folder)), model)
    if Path(model).is_dir():
        return _from_folder(Path(model), model)
    return _from_config(model, weights, seed, store)


def _from_config(model: str, weights: str, seed: int, store: Store) -> Clip:
    open_clip.add_model_config(CONFIGS)
    if model not in open_clip.list_models():
        names = sorted(file.stem for file in CONFIGS.glob("*.json"))
        raise BadInputError(
            f"there is no CLIP model {model!r}: use one of {', '.join(names)}, a model of "
            "open_clip (such as ViT-B-32), hf-hub:NAME, or a folder"
        )
    if not weights:
        return _random(model, seed)
    if weights.startswith("s3://"):
        with tempfile.TemporaryDirectory() as folder:
            file = _only_file(_download(weights, store, Path(folder)), weights)
            return _with_checkpoint(model, file, weights, seed)
    if Path(weights).is_file():
        return _with_checkpoint(model, Path(weights), weights, seed)
    tags = open_clip.list_pretrained_tags_by_model(model)
    if weights not in tags:
        raise BadInputError(
            f"weights {weights!r} of {model} are neither a file nor one of its tags "
            f"({', '.join(tags) or 'it has none'})"
        )
    return _from_tag(model, weights)


def _random(model: str, seed: int) -> Clip:
    text = (open_clip.get_model_config(model) or {}).get("text_cfg", {})
    if "hf_model_name" in text or "hf_tokenizer_name" in text:
        return _with_hub(model, lambda: random_model(model, seed))
    with _names(model):
        return random_model(model, seed)


def _with_checkpoint(model: str, file: Path, address: str, seed: int) -> Clip:
    clip = _random(model, seed)
    try:
        if file.suffix != ".safetensors" and not _is_pytorch(file):
            raise ValueError("it is neither a safetensors file nor one of PyTorch")
        open_clip.load_checkpoint(clip.model, str(file))
    except Exception as error:  # noqa: BLE001  # a hostile file can make its reader raise anything
        raise BadInputError(
            f"weights {address!r} are not a checkpoint of {model}: {_reason(error)}; give a "
            "safetensors file of that model"
        ) from None
    return clip


def _is_pytorch(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(2) in (b"PK", b"\x80\x02")  # a ZIP archive, or a pickle


def _from_folder(folder: Path, address: str) -> Clip:
    for names in ((HF_CONFIG_NAME,), _WEIGHTS):
        if not any((folder / name).is_file() for name in names):
            raise BadInputError(
                f"model {address!r} has no {' or '.join(names)}: use one that open_clip saved"
            )
    try:
        return load(folder)
    except Exception as error:  # noqa: BLE001
        raise BadInputError(f"model {address!r} cannot be read: {_reason(error)}") from None


def _from_hub(model: str) -> Clip:
    from huggingface_hub import snapshot_download

    try:
        with _offline_if_hub_is_down():
            name = model.removeprefix(HUB)
            folder = Path(snapshot_download(name, allow_patterns=["*.json", "*.txt"]))
            for weights in _WEIGHTS:  # one of the two is enough
                snapshot_download(name, allow_patterns=[weights])
                if (folder / weights).is_file():
                    break
    except Exception as error:  # noqa: BLE001  # any of the libraries below raises its own
        raise _unreachable(model, error) from None
    return _from_folder(folder, model)


def _from_tag(model: str, tag: str) -> Clip:
    def build() -> Clip:
        loaded = open_clip.create_model(model, pretrained=tag, force_custom_text=True)
        config = {**open_clip.get_model_config(model), "custom_text": True}
        return Clip(loaded.eval(), open_clip.get_tokenizer(model), config)

    return _with_hub(f"{model}, {tag}", build)


def _with_hub(model: str, build: Callable[[], Clip]) -> Clip:
    """Return the model that ``build`` makes from files of the hub.

    Raises:
        BadInputError: the model is of a kind that is not supported.
        NotReadyError: a file cannot be downloaded.
    """
    try:
        with _names(model), _offline_if_hub_is_down():
            return build()
    except BadInputError:
        raise
    except Exception as error:  # noqa: BLE001  # any of the libraries below raises its own
        raise _unreachable(model, error) from None


@contextmanager
def _names(model: str) -> Iterator[None]:
    """Put the model's name into an error about its kind."""
    try:
        yield
    except BadInputError as error:
        raise BadInputError(f"model {model!r} cannot be used: {error}") from None


@contextmanager
def _offline_if_hub_is_down() -> Iterator[None]:
    """Use the hub's cache alone if the hub is down: its client would wait for 30 s."""
    from huggingface_hub import constants, get_session

    offline = constants.HF_HUB_OFFLINE
    try:
        get_session().head(constants.ENDPOINT, timeout=_HUB_TIMEOUT_S)
    except Exception:  # noqa: BLE001
        constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = offline


def _unreachable(model: str, error: Exception) -> NotReadyError:
    return NotReadyError(
        f"cannot download the weights of {model} ({_reason(error)}): check the name and "
        f"the network, or give a local folder or checkpoint; {CONSE} needs no network"
    )


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).strip().splitlines()] or [type(error).__name__]
    first = " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]
    return first[:200]


def _download(address: str, store: Store, folder: Path) -> Path:
    prefix = urlsplit(address).path.lstrip("/").rstrip("/")
    total_bytes = 0
    for key, _, size in s3_objects(address, store.settings):
        name = key.removeprefix(prefix).lstrip("/") or PurePosixPath(key).name
        if "/" in name or not name.endswith(_SUFFIXES):
            continue
        total_bytes += size
        if total_bytes > _MAX_BYTES:
            raise BadInputError(f"{address!r} holds more than {_MAX_BYTES >> 30} GiB of weights")
        store.client.download_file(urlsplit(address).netloc, key, str(folder / name))
    return folder


def _only_file(folder: Path, address: str) -> Path:
    files = list(folder.iterdir())
    if len(files) != 1:
        raise BadInputError(
            f"weights {address!r} are {len(files)} files: give the address of one checkpoint"
        )
    return files[0]
