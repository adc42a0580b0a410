import pytest

from dustjacket.covers.progress import progress_line, report_progress


@pytest.mark.parametrize(
    ("done", "seconds", "line"),
    [
        (0, 0.0, "0 of 3,000 covers, 0 a second"),
        (1000, 100.0, "1,000 of 3,000 covers, 10 a second, 3 min 20 s left"),
        (3000, 100.0, "3,000 of 3,000 covers, 30 a second"),
    ],
)
def test_a_line_has_the_count_the_rate_and_the_time_left(done, seconds, line):
    assert progress_line(done, 3000, seconds) == line


def test_the_last_line_is_reported_at_the_end_of_the_block():
    lines = []
    with report_progress(5, lambda: 5, lines.append):
        assert lines == []
    (line,) = lines
    assert line.startswith("5 of 5 covers")
