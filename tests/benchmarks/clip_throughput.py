"""Pairs a second of ours beside ``open_clip_train`` (of the open_clip package), with ViT-B-32.

Both train the same weights on the same covers, already of the model's size, with the same batch,
threads, learning rate and precision (bf16 where the processor has it, else fp32; ``PRECISION``),
in turn, on a CPU or ``DEVICE=gpu``. First some steps on one batch, to show that the losses agree;
then ``STEPS`` batches for the rate. ``/full`` trains both towers, ``/locked`` the text tower;
``/share`` is ours of the rate of matrix products that PyTorch reaches here.
"""

import csv
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from dustjacket.clip.data import Pairs
from dustjacket.clip.model import Clip, load, random_model, save
from dustjacket.clip.step import ClipParameters
from dustjacket.clip.train import fit
from dustjacket.pretrained.hardware import has_fast_bf16
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import make_book
from tests.benchmarks.measure import fetched, line

MODEL, SAME_STEPS, RATE = "ViT-B-32", 6, 1e-5
BATCH, DEVICE = int(os.environ.get("BATCH") or 64), os.environ.get("DEVICE") or "cpu"
PEER_NEEDS = ("webdataset", "braceexpand")  # beside open_clip itself


def drawn(folder: Path, count: int) -> tuple[Path, Pairs]:
    """Draw covers of 224 pixels a side; return the peer's table of them, and ours."""
    rng, rows, images = random.Random(13), [], []
    for number in range(count):
        book = make_book(rng)
        image = draw_cover(book, rng).convert("RGB").resize((224, 224))
        image.save(file := folder / f"{number}.png")
        rows.append((str(file), book.title))
        images.append(torch.from_numpy(np.array(image)).permute(2, 0, 1))
    with (table := folder / "pairs.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("filepath", "title"), *rows])
    books = pd.DataFrame(
        {"key": [file for file, _ in rows], "title": [title for _, title in rows]}
    ).assign(author=None, genre="", probability=0.0)
    return table, Pairs(books, torch.stack(images))


def ours(weights: Path, pairs: Pairs, epochs: int, **given) -> tuple[list[float], list[float]]:
    """Return pairs a second of each step but the first, and the loss of each."""
    clip, losses, ends = load(weights), [], [time.monotonic()]
    clip.model.to("cuda" if DEVICE == "gpu" else "cpu")

    def log_metrics(metrics: dict[str, float], _step: int) -> None:
        if "train.loss" in metrics:
            losses.append(metrics["train.loss"])
            ends.append(time.monotonic())

    parameters = ClipParameters(
        model=MODEL, processes=1, batch_size=BATCH, epochs=epochs, learning_rate=RATE, warmup=0,
        weight_decay=0.2, patience=0, max_shift=0, include_genre=False, **given,
    )  # fmt: skip
    none = Pairs(pairs.books.head(0), pairs.images[:0])
    fit(clip, pairs, none, parameters, log_metrics=log_metrics)
    return [BATCH / took for took in np.diff(ends)[1:]], losses


def theirs(
    weights: Path, table: Path, epochs: int, precision: str, *, locked: bool
) -> tuple[list[float], list[float]]:
    """Return the same of ``open_clip_train``."""
    command = [
        sys.executable, "-m", "open_clip_train.main", "--model", MODEL, "--force-custom-text",
        "--pretrained", str(weights / "weights.pt"), "--train-data", str(table),
        "--dataset-type", "csv", "--csv-separator", ",", "--batch-size", str(BATCH),
        "--epochs", str(epochs), "--workers", str(threads() // 2), "--lr", str(RATE),
        "--warmup", "0", "--wd", "0.2", "--grad-clip-norm", "1.0",
        "--device", "cuda" if DEVICE == "gpu" else "cpu", "--log-every-n-steps", "1",
        "--precision", "amp_bf16" if precision == "bf16" else "fp32", "--save-frequency", "0",
        "--logs", str(table.parent / "logs"), "--aug-cfg", "scale=(1.0, 1.0)",
        *(["--lock-image"] if locked else []),
    ]  # fmt: skip
    found = os.pathsep.join([str(fetched("open-clip-train", *PEER_NEEDS)), *sys.path])
    environment = os.environ | {"PYTHONPATH": found, "OMP_NUM_THREADS": str(threads())}
    done = subprocess.run(
        command, env=environment, cwd=table.parent, capture_output=True, text=True, check=False
    )
    output = done.stdout + done.stderr
    steps = re.findall(r"Train Epoch.* ([\d.]+)/s, .*[Ll]oss: ([\d.]+)", output)
    if not steps:
        sys.exit(f"open_clip_train failed: {output[-2000:]}")
    return [float(rate) for rate, _ in steps[1:]], [float(loss) for _, loss in steps]


def threads() -> int:
    """Return the threads that both use."""
    return len(os.sched_getaffinity(0))


def flops_of_a_pair(clip: Clip, pairs: Pairs) -> float:
    """Return the floating-point operations of a pair's forward and backward pass."""
    with FlopCounterMode(display=False) as counted:
        covers = clip.model.encode_image(pairs.images[:BATCH].float() / 255, normalize=True)
        titles = clip.model.encode_text(clip.tokens(list(pairs.books["title"][:BATCH])))
        (covers.sum() + titles.sum()).backward()
    return counted.get_total_flops() / BATCH


def matrix_rate(dtype: torch.dtype) -> float:
    """Return the operations a second of products of square matrices, the best of five."""
    one, other = (torch.randn(2048, 2048, dtype=dtype) for _ in range(2))
    took = []
    for _ in range(6):
        began = time.monotonic()
        one @ other
        took.append(time.monotonic() - began)
    return 2 * 2048**3 / min(took[1:])


def main() -> None:
    """Measure both recipes."""
    torch.set_num_threads(threads())
    steps = int(os.environ.get("STEPS") or 8)
    quick = DEVICE == "gpu" or has_fast_bf16()
    precision = os.environ.get("PRECISION") or ("bf16" if quick else "fp32")
    with tempfile.TemporaryDirectory() as scratch:
        weights = Path(scratch) / "weights"
        clip = random_model(MODEL, 13)
        save(clip, weights)
        torch.save({"state_dict": clip.model.state_dict()}, weights / "weights.pt")
        for name, given, locked in (
            ("full", {"recipe": "full"}, False),
            ("locked", {"recipe": "locked_image"}, True),
        ):
            folder = Path(scratch) / name
            folder.mkdir()
            table, pairs = drawn(folder, BATCH)
            given["precision"] = precision
            _, mine = ours(weights, pairs, SAME_STEPS, **given)
            _, other = theirs(weights, table, SAME_STEPS, precision, locked=locked)
            shown = "; ".join(
                ", ".join(f"{loss:.3f}" for loss in losses) for losses in (mine, other)
            )
            apart = max(abs(a - b) for a, b in zip(mine, other, strict=True))
            line(f"clip-losses/{name}", apart, 0, "loss", SAME_STEPS, f"ours, theirs: {shown}", 4)

            table, pairs = drawn(folder, BATCH * steps)
            began = time.monotonic()
            rates, _ = ours(weights, pairs, 1, **given)
            whole = time.monotonic() - began
            peer, _ = theirs(weights, table, 1, precision, locked=locked)
            note = f"{MODEL}, {precision}, batch {BATCH}, {threads()} threads"
            if locked:
                filling = whole - sum(BATCH / rate for rate in rates)
                note += f"; {filling:.0f} s to load, fill the cache of {len(pairs)} and begin"
            line(f"clip-throughput/{name}", median(rates), median(peer), "pairs/s", steps, note)
            if DEVICE == "cpu" and not locked:
                dtype = torch.bfloat16 if precision == "bf16" else torch.float32
                reached = median(rates) * flops_of_a_pair(clip, pairs) / 1e9
                most = matrix_rate(dtype) / 1e9
                line("clip-throughput/share", reached, most, "GFLOP/s", steps, "matrix products")


if __name__ == "__main__":
    main()
