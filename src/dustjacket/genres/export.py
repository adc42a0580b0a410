"""Conversion of fitted Spark models to models without Spark."""

from typing import Any

import numpy as np
from pyspark import SparkContext
from pyspark.ml.classification import (
    LogisticRegressionModel,
    NaiveBayesModel,
    RandomForestClassificationModel,
)

from dustjacket.genres.bag_of_words import BagOfWords, ForestModel, LinearModel
from dustjacket.genres.features import TermFeatures


def export_model(features: TermFeatures, model: Any) -> BagOfWords:
    """Return a model without Spark, with the same probabilities as ``model`` on ``features``.

    Raises:
        TypeError: the model has another class than the ones of the candidates.
    """
    head: LinearModel | ForestModel
    match model:
        case NaiveBayesModel():
            head = LinearModel(model.theta.toArray().T, model.pi.toArray())
        case LogisticRegressionModel():
            head = LinearModel(model.coefficientMatrix.toArray().T, model.interceptVector.toArray())
        case RandomForestClassificationModel() if features.slicer:
            head = _forest(model, features.slicer.getIndices())
        case _:
            raise TypeError(f"cannot export a {type(model).__name__}")
    vocabulary = {term: index for index, term in enumerate(features.vocabulary)}
    return BagOfWords(vocabulary, features.idf, head)


def _forest(model: RandomForestClassificationModel, selected: list[int]) -> ForestModel:
    nodes: list[tuple[int, float, int, int]] = []
    leaves: list[np.ndarray] = []
    no_shares = np.zeros(model.numClasses)

    def add(node: Any) -> int:
        number = len(nodes)
        nodes.append((0, 0.0, number, number))
        leaves.append(no_shares)
        if node.subtreeDepth() == 0:
            leaves[number] = _shares(node)
            return number
        split = node.split()
        left, right = add(node.leftChild()), add(node.rightChild())
        nodes[number] = (split.featureIndex(), split.threshold(), left, right)
        return number

    # PySpark gives no access to the nodes of a tree; its Java object does.
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
    text = jvm.java.util.Arrays.toString(leaf.impurityStats().stats())
    counts = np.array([float(count) for count in text.strip("[]").split(",")])
    return np.asarray(counts / counts.sum())
