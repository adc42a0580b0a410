"""Products a second of reading ONIX into a catalogue, beside bare lxml touching every element.

Generates messages of each of ``N`` (comma-separated) products, as publishers send them: about 170
elements and 6 kB each, with prices, related products and descriptions in XHTML. Ours is all that
``dustjacket ingest catalog`` does before it writes: find the format, read, clean, and decide the
whole listing. The peer is ``lxml.iterparse`` that reads the tag and the text of
every element and clears it. Each runs on one core, in a process of its own that has read a feed of
ten products before, so that imports do not count; rates are of the seconds of that core, so that
other work on the machine does not count.
"""

import itertools
import logging
import os
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
from lxml import etree

from dustjacket.catalog.chunks import find_chunks, find_files
from dustjacket.catalog.ingest import decide_listing
from dustjacket.catalog.parse import SLIM, ParseChunk, rows_of
from dustjacket.catalog.step import CatalogParameters
from dustjacket.records.options import DEFAULT_OPTIONS
from dustjacket.sample.grammar import make_book
from dustjacket.sample.onix import write_onix
from dustjacket.settings import load_settings
from dustjacket.sources.roots import allow
from dustjacket.storage.folder import FOLDER_BUCKET
from dustjacket.storage.store import Store
from dustjacket.storage.task_files import TaskFiles
from tests.benchmarks.measure import line

COUNTS = "10000,1000000"
_SEVERAL_UP_TO = 20_000
_WORDS = (
    "the a of and in to her his with from sea house light night story river stone years city love "
    "letters war garden children mountain music history journey family world secret winter"
)
_FIXED = (
    "<Audience><AudienceCodeType>01</AudienceCodeType><AudienceCodeValue>01</AudienceCodeValue>"
    "</Audience>"
    "<RelatedProduct><ProductRelationCode>06</ProductRelationCode><ProductIdentifier>"
    "<ProductIDType>15</ProductIDType><IDValue>9780000000002</IDValue></ProductIdentifier>"
    "</RelatedProduct>"
)
_PRICE = (
    "<Price><PriceType>02</PriceType><PriceQualifier>05</PriceQualifier><PriceStatus>02"
    "</PriceStatus><PriceAmount>{amount}</PriceAmount><Tax><TaxType>01</TaxType><TaxRateCode>S"
    "</TaxRateCode><TaxRatePercent>7</TaxRatePercent></Tax><CurrencyCode>{currency}</CurrencyCode>"
    "<Territory><CountriesIncluded>{countries}</CountriesIncluded></Territory></Price>"
)
_CURRENCIES = {"EUR": "DE AT FR ES IT", "GBP": "GB", "USD": "US", "CAD": "CA", "AUD": "AU NZ",
               "CHF": "CH LI", "DKK": "DK", "SEK": "SE"}  # fmt: skip


def books(number: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield books of the sample's grammar with what a trade record has beside."""
    rng = random.Random(seed)
    words = _WORDS.split()
    for index in range(number):
        book = make_book(rng)
        genre = book.genre.name
        people = [(book.author, "aut"), (f"{book.motif.title()} Reader", "trl"), ("A. Hand", "cov")]
        prose = [" ".join(rng.choices(words, k=60)).capitalize() + "." for _ in range(2)]
        yield {
            "record_id": f"bench.{index:08}",
            "isbn": [_isbn(index)],
            "title": f"{book.title} {index % 1000}",
            "subtitle": f"A Book of {genre}",
            "contributors": [{"name": n, "role": r} for n, r in people if n],
            "language": "eng",
            "subjects": [
                {"scheme": "bisac", "code": f"FIC{book.genre.number:06}", "heading": genre,
                 "main": True},
                {"scheme": "thema", "code": "FBA", "heading": None, "main": True},
                {"scheme": "thema_qualifier", "code": "1D", "heading": None, "main": False},
                {"scheme": "keywords", "code": None, "main": False,
                 "heading": f"{book.motif}; {book.colour}; {genre}"},
                {"scheme": "own", "code": "x", "heading": genre, "main": False},
            ],
            "description": f"<p>{prose[0]}</p><p><em>{book.title}</em> {prose[1]}</p>",
            "image": f"https://example.invalid/covers/{_isbn(index)}.jpg",
            "published": f"20{index % 26:02}-0{index % 9 + 1}-1{index % 10}",
            "publisher": "Sample House",
            "work_id": f"istc:A{index // 2:015}",
        }  # fmt: skip


def _isbn(index: int) -> str:
    body = f"978{index:09}"
    check = -sum(int(d) * w for d, w in zip(body, itertools.cycle((1, 3)))) % 10
    return f"{body}{check}"


def write_feed(file: Path, number: int) -> None:
    """Write a feed of so many products, with prices in eight currencies."""
    plain = file.with_suffix(".plain")
    write_onix(plain, books(number, seed=number))
    prices = "".join(
        _PRICE.format(amount="12.50", currency=currency, countries=countries)
        for currency, countries in _CURRENCIES.items()
    )
    with plain.open() as source, file.open("w") as target:
        for text in source:
            target.write(
                text.replace("<Price>", prices + "<Price>").replace(
                    "</Product>", _FIXED + "</Product>"
                )
            )
    plain.unlink()


def bare(feed: Path) -> None:
    """Touch every element of a feed, clearing each product and what stands before it."""
    product = None
    for _, element in etree.iterparse(str(feed), huge_tree=False, resolve_entities=False):
        tag, _ = element.tag, element.text
        product = product or (tag if tag.endswith("}Product") else None)
        if tag == product:
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def ours(feed: Path) -> None:
    """Read, clean and decide a feed as ``dustjacket ingest catalog`` does before it writes."""
    with tempfile.TemporaryDirectory(dir=feed.parent) as folder:
        home = Path(folder)
        settings = load_settings().model_copy(
            update={"home": home, "folder": home / "store", "bucket": FOLDER_BUCKET}
        )
        allow(str(feed), settings)
        store = Store(settings)
        store.ensure_bucket()
        parameters = CatalogParameters(source=str(feed))
        files = find_files(parameters, store)
        parse = ParseChunk(TaskFiles.of(store, "scratch/"), parameters, DEFAULT_OPTIONS)
        slim = [
            batch.select(SLIM.names)
            for chunk in find_chunks(files, store)
            for batch in parse.parse(rows_of(chunk, store))
        ]
        decided = decide_listing(pa.Table.from_batches(slim), parameters)
        accepted = decided["reason"].null_count
        assert accepted > 0.5 * len(decided), accepted


def apart(work: Any, feed: Path, warm_up: Path) -> tuple[float, float]:
    """Return the seconds of one core that ``work`` takes in a process, and its memory in MiB."""
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_timed, args=(work, feed, warm_up, sender))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{work.__name__} failed")
    return receiver.recv()


def _timed(work: Any, feed: Path, warm_up: Path, sender: Connection) -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    work(warm_up)
    began = time.process_time()
    work(feed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sender.send((time.process_time() - began, peak))


def compare(feed: Path, warm_up: Path, number: int) -> None:
    """Print the rates and the memory of both, the one after the other."""
    runs = 3 if number <= _SEVERAL_UP_TO else 1
    found = [(apart(ours, feed, warm_up), apart(bare, feed, warm_up)) for _ in range(runs)]
    own, peer = (median(pair[side][0] for pair in found) for side in (0, 1))
    memory, peer_memory = (max(pair[side][1] for pair in found) for side in (0, 1))
    note = f"one core, medians of {runs}; {feed.stat().st_size / number:.0f} bytes a product"
    line("ingest-onix", number / own, number / peer, "products/s", number, note)
    line("ingest-onix-memory", memory, peer_memory, "MiB", number, note)


def main() -> None:
    """Compare on feeds of each size."""
    logging.getLogger("dustjacket").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        warm_up = Path(folder) / "warm-up.xml"
        write_feed(warm_up, 10)
        for number in map(int, (os.environ.get("N") or COUNTS).split(",")):
            feed = Path(folder) / f"feed-{number}.xml"
            write_feed(feed, number)
            compare(feed, warm_up, number)
            feed.unlink()


if __name__ == "__main__":
    main()
