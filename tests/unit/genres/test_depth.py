"""A classifier of genres from subjects is measured at each depth."""

from dustjacket.genres.depth import metrics_by_depth


def test_a_prediction_may_be_right_at_one_depth_and_wrong_at_the_next():
    true = ["FICTION / Romance", "FICTION / Horror", "POETRY / American"]
    predicted = ["FICTION / Horror", "FICTION / Horror", "POETRY / American"]
    found = metrics_by_depth(true, predicted, 2)
    assert list(found) == ["1", "2"]
    assert found["1"]["accuracy"] == found["1"]["f1_macro"] == 1
    assert (found["1"]["genres"], found["2"]["genres"]) == (2, 3)
    assert 0 < found["2"]["f1_macro"] < 1


def test_codes_have_a_level_for_each_character():
    found = metrics_by_depth(["FBA", "FR"], ["FBC", "YF"], 3)
    assert [found[depth]["accuracy"] for depth in ("1", "2", "3")] == [0.5, 0.5, 0.0]


def test_genres_of_one_level_have_no_depths():
    assert metrics_by_depth(["Art"], ["Law"], 1) == {}
