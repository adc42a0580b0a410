"""Covers per second from web to shards, compared with img2dataset and with Pillow alone.

``N`` covers (2,000 by default; 20590 is the size of the paper's task) are drawn once and served
from this machine, so server, client and decoder share its cores. Both programs write JPEGs with a
short side of 256 into tar files of 1,000. The steady rate is measured from the first request that
the server receives to the last file written. Dustjacket also checks addresses, finds duplicates,
caches the originals and writes an index. Pillow alone decodes, resizes and encodes the same files
in two processes.
"""

import asyncio
import contextlib
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
from PIL import Image

from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import make_book
from tests.benchmarks.measure import line, measured, own_program
from tests.conftest import STATE

PEER = "img2dataset==1.47.0"
SMALL = 2000
CORES = 2
_SIDE, _QUALITY, _PER_SHARD = 256, 90, 1000
_POLL_S = 0.2


@dataclass(frozen=True)
class Figures:
    """Measurements of one run.

    Attributes:
        steady: images per second, from the first request to the last file.
        seconds: of wall-clock time, start to end.
        memory: peak, in MiB.
        cpu: core-seconds, which do not depend on other load of the machine.
    """

    steady: float
    seconds: float
    memory: float
    cpu: float


def draw(numbers: range) -> None:
    """Draw the missing covers of ``numbers``."""
    folder = covers_folder()
    for number in numbers:
        file = folder / f"{number}.jpg"
        if not file.exists():
            rng = random.Random(f"bench {number}")
            draw_cover(make_book(rng), rng).save(file, "JPEG", quality=85)


def covers_folder() -> Path:
    folder = STATE / "bench-covers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve ``folder``; yield the address."""
    command = [sys.executable, "-m", "tests.benchmarks.cover_server", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


def began(address: str) -> float:
    """Return the time of the first request since the last call."""
    with urlopen(f"{address}/began") as reply:  # noqa: S310 - the local server
        return float(reply.read())


def write_table(file: Path, address: str, n: int) -> None:
    with file.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["title", "author", "image_url"])
        for number in range(n):
            table.writerow([f"Title {number}", f"Author {number}", f"{address}/{number}.jpg"])


def ours(table: Path, n: int, address: str) -> Figures:
    """Run Dustjacket's ingestion in a new process."""
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=STATE) as folder:
        command = [sys.executable, "-m", "tests.benchmarks.ingest_covers", str(table), folder]

        def run() -> None:
            result.update(json.loads(subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
            ).stdout.splitlines()[-1]))  # fmt: skip

        with cores() as cpu:
            took = measured(run)
    if result["rows"] != n or result["accepted"] < 0.9 * n:
        raise RuntimeError(f"Dustjacket ended with {result}")
    return Figures(
        n / (result["packed_at"] - began(address)), took.seconds, took.memory_mib, cpu[0]
    )


def run_ours(table: Path, folder: Path) -> None:
    """Ingest ``table`` into ``folder`` and print the result; started by :func:`ours`."""
    os.environ |= {
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": "--driver-java-options -XX:TieredStopAtLevel=1 pyspark-shell",
    }
    from dustjacket.covers.publish import write_covers
    from dustjacket.covers.s3_prefix import S3Prefix
    from dustjacket.covers.source import stage_covers
    from dustjacket.covers.step import CoversParameters
    from dustjacket.pipeline.spark import session
    from dustjacket.settings import Settings
    from dustjacket.storage.store import Store

    settings = Settings(
        home=folder,
        spark_master=f"local[{CORES}]",
        s3_endpoint=None,
        folder=folder,
        source_roots=str(STATE),
    )
    store = Store(settings)
    spark = session(settings, "bench")
    reported_at: list[float] = []
    result = write_covers(
        spark,
        stage_covers(str(table), store),
        S3Prefix.of_store(store, "out/"),
        S3Prefix.of_store(store, "cache/"),
        S3Prefix.of_store(store, "scratch/"),
        CoversParameters(source=str(table), covers_per_shard=_PER_SHARD),
        lambda _: reported_at.append(time.time()),
        run="bench",
        private=True,
    )
    spark.stop()
    read = result.accepted + result.rejected
    print(json.dumps({"packed_at": reported_at[-2], "accepted": result.accepted, "rows": read}))


def peer(table: Path, n: int, address: str) -> Figures:
    """Run img2dataset in an environment of its own."""
    with tempfile.TemporaryDirectory(dir=STATE) as folder:
        out = Path(folder) / "out"
        command = [
            str(own_program("img2dataset", PEER)), f"--url_list={table}",
            "--input_format=csv", "--url_col=image_url", "--caption_col=title",
            f"--output_folder={out}", "--output_format=webdataset", f"--processes_count={CORES}",
            f"--image_size={_SIDE}", "--resize_mode=keep_ratio", "--resize_only_if_bigger=True",
            "--encode_format=jpg", f"--encode_quality={_QUALITY}", "--enable_wandb=False",
            f"--number_sample_per_shard={_PER_SHARD}", '--save_additional_columns=["author"]',
        ]  # fmt: skip
        environment = os.environ | {"NO_ALBUMENTATIONS_UPDATE": "1"}

        def run() -> None:
            subprocess.run(
                command, check=True, env=environment,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip

        with cores() as cpu:
            took = measured(run)
        stats = [json.loads(file.read_text()) for file in out.glob("*_stats.json")]
    if sum(shard["successes"] for shard in stats) != n:
        raise RuntimeError(f"img2dataset ended with {stats}")
    ended = max(shard["end_time"] for shard in stats)
    return Figures(n / (ended - began(address)), took.seconds, took.memory_mib, cpu[0])


@contextlib.contextmanager
def cores() -> Iterator[list[float]]:
    """Yield a list; after the block it holds the core-seconds of processes started in it."""
    here = psutil.Process()
    before = {child.pid for child in here.children(recursive=True)}
    took: dict[tuple[int, float], float] = {}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_POLL_S):
            for child in here.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if child.pid not in before:
                        times = child.cpu_times()
                        took[child.pid, child.create_time()] = times.user + times.system

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    total: list[float] = []
    yield total
    ended.set()
    thread.join()
    total.append(sum(took.values()))


def pillow_alone(n: int) -> float:
    """Return images per second of Pillow in two processes."""
    files = [covers_folder() / f"{number}.jpg" for number in range(n)]
    with Pool(CORES) as pool:
        pool.map(normalise, files[: 8 * CORES])
        began = time.monotonic()
        for _ in pool.imap_unordered(normalise, files, 32):
            pass
        return n / (time.monotonic() - began)


def normalise(file: Path) -> int:
    """Decode, resize and encode one file as the ingestion does; return its size."""
    with Image.open(file) as image:
        scale = _SIDE / min(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        small = image.convert("RGB").resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)
    with tempfile.TemporaryFile() as encoded:
        small.save(encoded, "JPEG", quality=_QUALITY)
        return encoded.tell()


async def _requests_per_second(address: str, n: int) -> float:
    host, port = address.removeprefix("http://").split(":")

    async def request(numbers: range) -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for number in numbers:
            writer.write(b"GET /%d.jpg HTTP/1.1\r\n\r\n" % number)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.rpartition(b":")[2]))
        writer.close()

    began = time.monotonic()
    await asyncio.gather(*(request(range(part, n, 8)) for part in range(8)))
    return n / (time.monotonic() - began)


def main() -> None:
    """Compare the programs and print one line per figure."""
    n = int(os.environ.get("N") or SMALL)
    with Pool(CORES) as pool:
        pool.map(draw, [range(start, n, CORES) for start in range(CORES)])
    own_program("img2dataset", PEER)
    runs = int(os.environ.get("RUNS") or (6 if n <= SMALL else 1))
    table = STATE / "bench-covers.csv"
    with served(covers_folder()) as address:
        write_table(table, address, n)
        server = asyncio.run(_requests_per_second(address, min(n, SMALL)))
        began(address)
        own, other, alone = [], [], []
        for _ in range(runs):
            own.append(ours(table, n, address))
            other.append(peer(table, n, address))
            alone.append(pillow_alone(min(n, SMALL)))

    def both(figure: Callable[[Figures], float]) -> tuple[list[float], list[float]]:
        return [figure(one) for one in own], [figure(one) for one in other]

    about = f"{CORES} cores; server alone {server:,.0f}/s"
    steady = both(lambda figures: figures.steady)
    line("ingest-covers-steady", *steady, "images/s", n, f"{about}; {PEER}")
    whole = both(lambda figures: n / figures.seconds)
    line("ingest-covers-whole", *whole, "images/s", n, f"{about}; start to end; {PEER}")
    memory = both(lambda figures: figures.memory)
    line("ingest-covers-memory", *memory, "MiB", n, f"peak PSS; {PEER}")
    cpu = both(lambda figures: figures.cpu)
    line("ingest-covers-cpu", *cpu, "core-seconds", n, f"start to end; {PEER}")
    note = f"{about}; Pillow {Image.__version__} decodes, resizes and encodes files, nothing else"
    line("ingest-covers-pillow", steady[0], alone, "images/s", n, note)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        run_ours(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        main()
