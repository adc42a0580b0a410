"""The paper's claims on CLIP, measured on the sample library.

Over covers, intervals are Wilson's; over seeds, Student's t; of differences of recall, see
:mod:`tests.benchmarks.genre_prompt`.
"""

import os

import numpy as np
import torch
from sklearn.feature_extraction.text import CountVectorizer

from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.prompts import query_prompts
from dustjacket.clip.read import load_version
from dustjacket.clip.step import ClipParameters
from dustjacket.evaluation.search import misspell
from dustjacket.identity.text import normalise
from dustjacket.metrics.retrieval import own_ranks
from dustjacket.metrics.shares import share_interval
from tests.benchmarks import genre_prompt
from tests.benchmarks.clip_learning import library
from tests.benchmarks.paper_claims import Claim, shown, t_interval, verdict


def word_prediction_curve(starting, pairs, parameters, rate, steps):
    """Return (pairs seen, recall@10 on validation) of a head that predicts a text's words.

    The bag-of-words prediction of Radford et al. (2021), figure 2, on the same fixed image tower: a
    cover's words are predicted from its embedding, and a query finds the covers that make its words
    likely.
    """
    words = CountVectorizer(binary=True, analyzer=lambda text: normalise(text).split())
    texts = query_prompts(pairs["train"].books)
    targets = torch.tensor(words.fit_transform(texts).toarray(), dtype=torch.float32)
    queries = words.transform(query_prompts(pairs["validation"].books)).toarray()
    covers = {
        split: torch.tensor(embed_covers(starting, pairs[split].images))
        for split in ("train", "validation")
    }
    torch.manual_seed(parameters.seed)
    head = torch.nn.Linear(covers["train"].shape[1], targets.shape[1])
    torch.nn.init.zeros_(head.weight)
    shares = targets.mean(dim=0).clamp(1e-4, 1 - 1e-4)
    with torch.no_grad():
        head.bias.copy_(torch.logit(shares))
    optimizer = torch.optim.AdamW(head.parameters(), lr=rate, weight_decay=0)
    batch = parameters.batch_size
    scale = covers["train"].shape[1] ** 0.5  # unit variance of each input
    curve = []
    every = max(1, len(targets) // batch)
    for step in range(1, steps + 1):
        rows = torch.randint(len(targets), (batch,))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            head(scale * covers["train"][rows]), targets[rows]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % every == 0:
            with torch.no_grad():
                gain = torch.nn.functional.logsigmoid(head(scale * covers["validation"]))
                gain -= torch.nn.functional.logsigmoid(head.bias)
            recall = own_ranks(queries.astype(np.float64), gain.double().numpy()).hits(10).mean()
            curve.append((step * batch, float(recall)))
    return curve


def pairs_to_reach(curve, recall):
    """Return after how many pairs a curve first has ``recall``; None if never."""
    return next((pairs for pairs, reached in curve if reached >= recall), None)


def efficiency_claim(starting, pairs, curves):
    """Compare contrastive training with word prediction by the pairs that each has seen."""
    parameters = ClipParameters(processes=1)
    steps = 4 * max(seen for seen, _ in curves[0]) // parameters.batch_size
    rates = (1e-3, 3e-3, 1e-2, 3e-2)
    peers = [word_prediction_curve(starting, pairs, parameters, rate, steps) for rate in rates]
    best = max(peers, key=lambda curve: max(recall for _, recall in curve))
    top = max(recall for _, recall in best)
    goal = 0.9 * top
    theirs = min(seen for peer in peers if (seen := pairs_to_reach(peer, goal)))
    ours = [pairs_to_reach(curve, goal) for curve in curves]
    reached = [seen for seen in ours if seen]
    ratio = t_interval([theirs / seen for seen in reached]) if len(reached) > 1 else None
    of_ours = t_interval([max(recall for _, recall in curve) for curve in curves])
    of_ours = tuple(min(max(value, 0.0), 1.0) for value in of_ours)  # a share
    return Claim(
        "1",
        'CLIP learns "four times more effectively" than predicting a bag of words (its figure 1)',
        f"recall@10 on validation covers, of the best epoch: {shown(*of_ours)} over {len(curves)} "
        f"seeds against {top:.3f} of word prediction on the same image tower (best of {len(rates)} "
        f"learning rates, four times the pairs); to reach {goal:.3f} it needs "
        + (f"{shown(*ratio, 1)} times" if ratio else "an unknown multiple of")
        + f" the pairs; {len(reached)} of {len(curves)} seeds reach it",
        "reproduced in direction"
        if ratio and ratio[1] > 1
        else "contradicted"
        if ratio and ratio[2] < 1
        else "undecided",
    )


def misspelling_claim(models, test):
    """Let each test cover choose between its misspelt title, another book's, and noise."""
    rng = np.random.default_rng(13)
    titles = list(test.books["title"])
    others = [
        titles[(row + 1 + rng.integers(len(titles) - 1)) % len(titles)]
        for row in range(len(titles))
    ]
    misspelt = [misspell(title, 2, rng) for title in titles]
    chosen = []
    for clip in models:
        covers = embed_covers(clip, test.images)
        options = [embed_texts(clip, texts) for texts in (misspelt, others, ["random book"])]
        scores = np.stack([(covers * option).sum(axis=1) for option in options], axis=1)
        chosen.append(scores.argmax(axis=1) == 0)
    shares = np.mean(chosen, axis=1)
    low, high = share_interval(chosen[0])
    return Claim(
        "4",
        'A cover knows its misspelt title: "The Power of Nowww" 86 %, "Lord of Rings" 12.4 %, '
        '"random book" 0.8 % (one cover)',
        f"of {len(titles)} test covers, {shares[0]:.3f} ({low:.3f} to {high:.3f}) "
        "prefer their own title with two typing errors to another test book's title and to "
        f'"random book"; {len(models)} seeds: {shares.min():.3f} to {shares.max():.3f}; chance 1/3',
        "reproduced" if low > 1 / 3 else "undecided",
    )


def clip_claims():
    """Train with and without genres in the prompts, and judge the paper's claims on CLIP."""
    torch.set_num_threads(os.cpu_count() or 1)
    seeds = int(os.environ.get("SEEDS") or 5)
    with library(int(os.environ.get("COVERS") or 1200)) as (store, starting, pairs):
        trained = genre_prompt.train(store, starting, pairs, seeds)
        found = genre_prompt.compare(trained, pairs)
        start = load_version(store, starting)
        efficiency = efficiency_claim(start, pairs, [run.curve for run in trained[False]])
        misspelling = misspelling_claim([run.clip for run in trained[True]], pairs["test"])
    effects = {name: result.text() for name, result in found.items()}
    low, high = found["test"].interval
    return [
        efficiency,
        misspelling,
        Claim(
            "3.1, 4, 6",
            "A predicted genre in the prompt will increase the similarity of cover and title",
            f"recall@10 on test covers, trained with genres less without: {effects['test']}; on "
            f"validation covers: {effects['validation']}; with the genre in the queries too: "
            f"{effects['test, genre in its queries']}",
            verdict(low, high),
            "`make paper`, `make bench NAME=genre-prompt`",
        ),
    ]
