"""Groups of a whole table: what joins them, what does not, and their names."""

import numpy as np

from dustjacket.identity.groups import component_labels


def test_nodes_that_edges_connect_directly_or_not_share_a_label():
    labels = component_labels(5, np.array([0, 1]), np.array([1, 4]))
    assert labels[0] == labels[1] == labels[4]
    assert len(set(labels[[0, 2, 3]])) == 3
