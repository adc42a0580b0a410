"""What Prometheus reads."""

from tests.support.studio_case import RICE


def test_metrics_count_requests_and_name_versions(studio):
    studio.post("/genre", json=RICE)
    studio.get("/somebody/elses/path")
    studio.app.state.studio.metrics.set_versions(studio.app.state.studio.models)
    body = studio.get("/metrics").text
    assert 'dustjacket_studio_requests_total{route="/genre",status="200"}' in body
    assert 'dustjacket_studio_version{kind="cover_index",version="index-1"} 1.0' in body
    assert "somebody" not in body
