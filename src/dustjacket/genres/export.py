"""From fitted Spark models to the arrays of the Spark-free ones."""

from typing import Any

import numpy as np
from pyspark import SparkContext
from pyspark.ml.classification import (
    LogisticRegressionModel,
    NaiveBayesModel,
    RandomForestClassificationModel,
)

from dustjacket.genres.bag_of_words import Counted, ForestModel, LinearModel
from dustjacket.genres.features import Features


def export(features: Features, model: Any) -> Counted:
    """Return the Spark-free model that gives the same probabilities as ``model`` on ``features``.

    Raises:
        TypeError: no scorer is known for the model.
    """
    exported: LinearModel | ForestModel
    match model:
        case NaiveBayesModel():
            exported = LinearModel(model.theta.toArray().T, model.pi.toArray())
        case LogisticRegressionModel():
            exported = LinearModel(
                model.coefficientMatrix.toArray().T, model.interceptVector.toArray()
            )
        case RandomForestClassificationModel() if features.slicer:
            exported = _forest(model, features.slicer.getIndices())
        case _:
            raise TypeError(f"no scorer for {type(model).__name__}")
    vocabulary = {term: index for index, term in enumerate(features.vocabulary)}
    return Counted(vocabulary, features.idf, exported)


def _forest(model: RandomForestClassificationModel, selected: list[int]) -> ForestModel:
    nodes: list[tuple[int, float, int, int]] = []
    leaves: list[np.ndarray] = []
    nothing = np.zeros(model.numClasses)

    def add(node: Any) -> int:
        number = len(nodes)
        nodes.append((0, 0.0, number, number))
        leaves.append(nothing)
        if node.subtreeDepth() == 0:
            leaves[number] = _shares(node)
            return number
        split = node.split()
        left, right = add(node.leftChild()), add(node.rightChild())
        nodes[number] = (split.featureIndex(), split.threshold(), left, right)
        return number

    # Spark's Python face has no way into a tree, so its Java object is asked.
    roots = [add(tree._call_java("rootNode")) for tree in model.trees]
    column, threshold, left, right = zip(*nodes, strict=True)
    return ForestModel(
        selected=np.array(selected),
        roots=np.array(roots),
        column=np.array(column),
        threshold=np.array(threshold),
        left=np.array(left),
        right=np.array(right),
        leaf=np.stack(leaves),
        depth=np.array([max(tree.depth for tree in model.trees)]),
    )


def _shares(leaf: Any) -> np.ndarray:
    jvm: Any = SparkContext._active_spark_context._jvm  # type: ignore[union-attr]
    written = jvm.java.util.Arrays.toString(leaf.impurityStats().stats())
    counts = np.array([float(count) for count in written.strip("[]").split(",")])
    return np.asarray(counts / counts.sum())
