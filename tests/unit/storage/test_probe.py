"""A store that lets several writers create one key is refused; one that fails by parts is not."""

import io
import secrets
from threading import Barrier, BrokenBarrierError, Lock

import pytest
from botocore.exceptions import ClientError

from dustjacket.errors import DustjacketError
from dustjacket.settings import Settings
from dustjacket.storage import probe
from tests.support.bucket import refused

SETTINGS = Settings(_env_file=None, s3_endpoint="http://store:9000", bucket="books")


class FakeStore:
    """Objects in memory. What is not atomic lets all writers look before any of them writes."""

    def __init__(self, *, puts="atomic", multiparts="atomic", swaps=False):
        self.puts, self.multiparts, self.swaps = puts, multiparts, swaps
        self.objects, self.uploads = {}, {}
        self._lock = Lock()
        self._looked = Barrier(probe.WRITERS)

    def _create(self, key, body, mode):
        if mode == "atomic":
            with self._lock:
                if key in self.objects:
                    raise refused(412)
                self.objects[key] = body
            return
        if mode == "refuses all":
            raise refused(409)
        if mode == "knows no conditions":
            raise refused(501)
        exists = key in self.objects and mode != "ignored"
        try:
            self._looked.wait(10)
        except BrokenBarrierError:
            pytest.fail("the writers did not write at once")
        if exists:
            raise refused(412)
        self.objects[key] = body

    def put_object(self, **call):
        assert (call["Bucket"], call["IfNoneMatch"]) == ("books", "*")
        self._create(call["Key"], call["Body"], self.puts)
        if self.swaps:
            self.objects[call["Key"]] = b"another"

    def get_object(self, **call):
        return {"Body": io.BytesIO(self.objects[call["Key"]])}

    def delete_object(self, **call):
        self.objects.pop(call["Key"], None)

    def create_multipart_upload(self, **call):
        assert call["Bucket"] == "books"
        upload = secrets.token_hex(4)
        self.uploads[upload] = b""
        return {"UploadId": upload}

    def upload_part(self, **call):
        self.uploads[call["UploadId"]] = call["Body"]
        return {"ETag": f"tag of {call['UploadId']}"}

    def complete_multipart_upload(self, **call):
        upload = call["UploadId"]
        assert call["IfNoneMatch"] == "*"
        assert call["MultipartUpload"]["Parts"] == [{"PartNumber": 1, "ETag": f"tag of {upload}"}]
        self._create(call["Key"], self.uploads[upload], self.multiparts)
        del self.uploads[upload]

    def abort_multipart_upload(self, **call):
        if self.uploads.pop(call["UploadId"], None) is None:
            raise refused(404)


@pytest.fixture
def probed(monkeypatch):
    """A function that probes a fake store."""

    def probe_fake(store, **options):
        monkeypatch.setattr(probe, "s3_client", lambda *_, **__: store)
        return probe.probe_store(SETTINGS, rounds=2, **options)

    return probe_fake


def test_an_atomic_store_passes_and_keeps_nothing(probed):
    store = FakeStore()
    result = probed(store)
    assert result == probe.ProbeResult((1, 1), (1, 1))
    assert result.warning == ""
    assert (store.objects, store.uploads) == ({}, {})


@pytest.mark.parametrize(("puts", "winners"), [("late", 16), ("ignored", 16), ("refuses all", 0)])
def test_a_store_in_which_not_one_put_wins_is_refused_by_name(probed, puts, winners):
    store = FakeStore(puts=puts)
    with pytest.raises(DustjacketError) as refusal:
        probed(store)
    message = str(refusal.value)
    assert "http://store:9000 (bucket books)" in message
    assert f"let {winners} of 16 writers" in message
    assert "\n" not in message
    assert store.objects == {}


def test_a_store_that_confirms_a_put_and_keeps_another_is_refused(probed):
    with pytest.raises(DustjacketError, match="kept another object"):
        probed(FakeStore(swaps=True))


def test_several_winners_by_parts_are_a_warning(probed):
    store = FakeStore(multiparts="late")
    result = probed(store)
    assert result.puts == (1, 1)
    assert "up to 16 of 16 writers" in result.warning
    assert (store.objects, store.uploads) == ({}, {})


def test_without_parts_no_upload_is_begun(probed):
    assert probed(FakeStore(), multipart=False) == probe.ProbeResult((1, 1), ())


def test_a_store_that_knows_no_conditions_is_reported_by_its_own_answer(probed):
    with pytest.raises(ClientError, match="501"):
        probed(FakeStore(puts="knows no conditions"))
