"""Where a model's weights come from: packages, open_clip's tags, a hub, a folder, a checkpoint."""

import tempfile
from collections.abc import Iterator, Sequence
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
from dustjacket.sources.files import s3_objects
from dustjacket.storage.store import Store

HUB = "hf-hub:"
_READ = (".json", ".txt", ".safetensors", ".pt", ".pth", ".bin")
_WEIGHTS = (HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME)  # the latter is read without pickled code
_MOST_BYTES = 20 << 30
_HUB_S = 5


def open_model(
    model: str,
    weights: str,
    seed: int,
    *,
    store: Store,
    images: torch.Tensor | None = None,
    titles: Sequence[str] = (),
) -> Clip:
    """Return the model called ``model``, with its weights.

    Args:
        model: ``lite0-minilm``; a name of open_clip's or of ours; ``hf-hub:`` and a name on the
            hub; or the folder or s3:// address of a model that open_clip saved.
        weights: for a name of open_clip's, one of its tags, or the path or s3:// address of a
            checkpoint (safetensors, or PyTorch's own without pickled code); empty: random.
        seed: of random weights.
        images, titles: what ``lite0-minilm`` is joined on; see :func:`build_conse`.

    Raises:
        BadInputError: nothing has that name, or what it names cannot be read.
        NotReadyError: its weights cannot be had from here.
    """
    if model == CONSE:
        empty = torch.empty((0, 3, 224, 224), dtype=torch.uint8)
        return build_conse(empty if images is None else images, titles)
    if model.startswith(HUB):
        return _from_hub(model)
    if model.startswith("s3://"):
        with tempfile.TemporaryDirectory() as folder:
            return _from_folder(_downloaded(model, store, Path(folder)), model)
    if Path(model).is_dir():
        return _from_folder(Path(model), model)
    return _named(model, weights, seed, store)


def _named(model: str, weights: str, seed: int, store: Store) -> Clip:
    open_clip.add_model_config(CONFIGS)
    if model not in open_clip.list_models():
        ours = sorted(file.stem for file in CONFIGS.glob("*.json"))
        raise BadInputError(
            f"there is no CLIP model {model!r}: name one of {', '.join(ours)}, a model of "
            "open_clip (such as ViT-B-32), hf-hub:NAME, or a folder"
        )
    if not weights:
        return random_model(model, seed)
    if weights.startswith("s3://"):
        with tempfile.TemporaryDirectory() as folder:
            downloaded = _downloaded(weights, store, Path(folder))
            return _with_checkpoint(model, _only_file(downloaded, weights), weights, seed)
    if Path(weights).is_file():
        return _with_checkpoint(model, Path(weights), weights, seed)
    tags = open_clip.list_pretrained_tags_by_model(model)
    if weights not in tags:
        raise BadInputError(
            f"weights {weights!r} of {model} are no file, and none of its tags "
            f"({', '.join(tags) or 'it has none'})"
        )
    return _from_tag(model, weights)


def _with_checkpoint(model: str, file: Path, named: str, seed: int) -> Clip:
    clip = random_model(model, seed)
    try:
        open_clip.load_checkpoint(clip.model, str(file))
    except Exception as error:  # noqa: BLE001  # whatever a hostile file makes of its reader
        raise BadInputError(
            f"weights {named!r} are no checkpoint of {model}: {_reason(error)}; give safetensors "
            "of that model"
        ) from None
    return clip


def _from_folder(folder: Path, named: str) -> Clip:
    for names in ((HF_CONFIG_NAME,), _WEIGHTS):
        if not any((folder / name).is_file() for name in names):
            raise BadInputError(
                f"model {named!r} has no {' or '.join(names)}: name one that open_clip saved"
            )
    try:
        return load(folder)
    except Exception as error:  # noqa: BLE001
        raise BadInputError(f"model {named!r} cannot be read: {_reason(error)}") from None


def _from_hub(model: str) -> Clip:
    from huggingface_hub import snapshot_download

    try:
        with _no_waiting_for_a_hub_that_is_away():
            name = model.removeprefix(HUB)
            folder = Path(snapshot_download(name, allow_patterns=["*.json", "*.txt"]))
            for weights in _WEIGHTS:  # one of both is enough to fetch
                snapshot_download(name, allow_patterns=[weights])
                if (folder / weights).is_file():
                    break
    except Exception as error:  # noqa: BLE001  # its own, and those of every library below it
        raise _unreachable(model, error) from None
    return _from_folder(folder, model)


def _from_tag(model: str, tag: str) -> Clip:
    try:
        with _no_waiting_for_a_hub_that_is_away():
            found = open_clip.create_model(model, pretrained=tag, force_custom_text=True)
    except Exception as error:  # noqa: BLE001
        raise _unreachable(f"{model}, {tag}", error) from None
    config = {**open_clip.get_model_config(model), "custom_text": True}
    return Clip(found.eval(), open_clip.get_tokenizer(model), config)


@contextmanager
def _no_waiting_for_a_hub_that_is_away() -> Iterator[None]:
    """Have what was fetched before found, and all else fail at once: the hub's own way is 30 s."""
    from huggingface_hub import constants, get_session

    offline = constants.HF_HUB_OFFLINE
    try:
        get_session().head(constants.ENDPOINT, timeout=_HUB_S)
    except Exception:  # noqa: BLE001  # of the client and of all below it
        constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = offline


def _unreachable(what: str, error: Exception) -> NotReadyError:
    return NotReadyError(
        f"no weights of {what} ({_reason(error)}): check the name and the network, or give a "
        f"local folder or checkpoint; {CONSE} needs no network"
    )


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]


def _downloaded(address: str, store: Store, folder: Path) -> Path:
    prefix = urlsplit(address).path.lstrip("/").rstrip("/")
    size = 0
    for key, _, bytes_ in s3_objects(address, store.settings):
        name = key.removeprefix(prefix).lstrip("/") or PurePosixPath(key).name
        if "/" in name or not name.endswith(_READ):
            continue
        size += bytes_
        if size > _MOST_BYTES:
            raise BadInputError(f"{address!r} holds more than {_MOST_BYTES >> 30} GiB of weights")
        store.client.download_file(urlsplit(address).netloc, key, str(folder / name))
    return folder


def _only_file(folder: Path, named: str) -> Path:
    files = list(folder.iterdir())
    if len(files) != 1:
        raise BadInputError(f"weights {named!r} are {len(files)} files: name one checkpoint")
    return files[0]
