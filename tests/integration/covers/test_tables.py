"""Tables of any format name the same covers on the web."""

import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aiohttp import web

from tests.support.covers_run import run
from tests.support.images import drawn, saved
from tests.support.web_server import serving


@pytest.fixture(scope="module")
def bodies():
    return [saved(drawn(seed)) for seed in range(4)]


def test_tables_of_every_kind_name_the_same_covers(tmp_path, bodies):
    async def handler(request):
        return web.Response(body=bodies[int(request.path[1])])

    with serving(handler) as served:
        urls = [served.url(str(number)) for number in range(3)]
        rows = [{"Buchtitel": f"Title {n}", "wer": "Me", "wo": url} for n, url in enumerate(urls)]
        columns = {"title_column": "buchtitel", "author_column": "wer", "image_column": "WO"}
        frame = pd.DataFrame(rows)
        frame.to_csv(tmp_path / "a.csv", index=False)
        frame.to_csv(tmp_path / "b.tsv", index=False, sep="\t")
        frame.to_csv(tmp_path / "c.csv.gz", index=False)
        pq.write_table(pa.Table.from_pandas(frame), tmp_path / "d.parquet")
        (tmp_path / "e.jsonl").write_text("\n".join(map(json.dumps, rows)))
        covers = run(None, tmp_path, tmp_path / "out", **columns)
        assert list(covers.index["title"]) == ["Title 0", "Title 1", "Title 2"]
        assert list(covers.index["url"]) == urls
        assert set(covers.index["category"]) == {None}
        repeated = covers.table("rejected")
        assert set(repeated["reason"]) == {"duplicate"}
        for name in ("b.tsv", "c.csv.gz", "d.parquet", "e.jsonl"):
            table_rows = repeated[repeated["source_file"] == name]
            assert list(table_rows["title"]) == ["Title 0", "Title 1", "Title 2"], name
            assert list(table_rows["url"]) == urls
        listing = tmp_path / "listing"
        listing.mkdir()
        (listing / "f.csv").write_text(
            "\n".join(
                f'"1","{n}.jpg","{url}","Title {n}","Me","3","Art"' for n, url in enumerate(urls)
            )
        )
        covers = run(None, listing / "f.csv", tmp_path / "out-listing")
        assert list(covers.index["title"]) == ["Title 0", "Title 1", "Title 2"]
        assert list(covers.index["url"]) == urls
        assert set(covers.index["category"]) == {"Art"}
