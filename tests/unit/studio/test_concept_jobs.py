"""Jobs are kept as long as there is time and room; the worker ends when it has nothing to do."""

import asyncio
from dataclasses import replace

import pytest
from starlette.exceptions import HTTPException

from dustjacket.generation.concept_request import ConceptRequest
from dustjacket.generation.concepts import Art, make_concepts
from dustjacket.studio import concept_jobs
from dustjacket.studio.concept_jobs import ConceptJob, ConceptJobs
from dustjacket.studio.problems import BusyError
from tests.support.generators import WorkerInThread, drawing_tools

RICE = ConceptRequest(title="Rice", n=1)


@pytest.fixture(scope="module")
def concept():
    (made,) = make_concepts(drawing_tools(), RICE)
    return made


@pytest.fixture
def jobs():
    jobs = ConceptJobs(WorkerInThread(drawing_tools))
    yield jobs
    jobs.close()


def write(tools):
    return b"file"


def finished(jobs, concept, size, age_s=0.0):
    """Return a job that is done and takes ``size`` bytes."""
    art = Art(bytes(size - len(concept.preview)))
    job = jobs.submit(ConceptJob("one", RICE))
    job.state, job.concepts = "done", [replace(concept, art=art)]
    job.touched_s -= age_s
    return job


def kept(jobs):
    return [job.id for job in jobs._jobs.values()]


def test_the_oldest_results_make_room_for_new_ones(jobs, concept, monkeypatch):
    monkeypatch.setattr(concept_jobs, "MAX_BYTES", 250_000)
    old, used, new = (finished(jobs, concept, 100_000, age_s=age) for age in (30, 20, 10))
    jobs.find("one", used.id)
    waiting = jobs.submit(ConceptJob("one", RICE))
    assert kept(jobs) == [used.id, new.id, waiting.id]
    with pytest.raises(HTTPException, match="make them again"):
        jobs.find("one", old.id)


def test_results_expire(jobs, concept, monkeypatch):
    monkeypatch.setattr(concept_jobs, "MAX_AGE_S", 60)
    finished(jobs, concept, 100_000, age_s=61)
    young = finished(jobs, concept, 100_000, age_s=59)
    waiting = jobs.submit(ConceptJob("one", RICE))
    waiting.touched_s -= 1000
    jobs._drop_old()
    assert kept(jobs) == [young.id, waiting.id]


def test_files_are_written_between_two_concepts_and_their_number_is_bounded(jobs):
    async def both():
        jobs._worker.may_run.clear()
        serving = asyncio.create_task(jobs.serve())
        jobs.submit(ConceptJob("one", RICE.model_copy(update={"n": 3})))
        exports = [asyncio.create_task(jobs.export(write)) for _ in range(4)]
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError):
            await jobs.export(write)
        jobs._worker.may_run.set()
        assert await asyncio.gather(*exports) == [b"file"] * 4
        serving.cancel()

    asyncio.run(both())


def test_an_idle_worker_ends_and_the_next_job_runs(jobs, monkeypatch):
    monkeypatch.setattr(concept_jobs, "_IDLE_S", 0.05)
    ended = []
    jobs._worker.end = lambda: ended.append(1)

    async def wait():
        serving = asyncio.create_task(jobs.serve())
        await asyncio.sleep(0.2)
        assert ended
        job = jobs.submit(ConceptJob("one", RICE))
        while not job.is_finished:
            await asyncio.sleep(0.01)
        serving.cancel()
        return job

    assert asyncio.run(wait()).state == "done"
