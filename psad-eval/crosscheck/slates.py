"""Diversity of slates and agreement of two: pyndeval, scipy, quantecon, rbo, pytrec_eval."""

import numpy as np
import pyndeval
import pytrec_eval
import rbo
from quantecon import gini_coefficient
from scipy.spatial.distance import pdist
from scipy.stats import kendalltau

from agreed import agreed
from rankings import names


def diversity_cases(rng):
    cases = []
    for items, several in [(4, False), (8, False), (15, False), (20, False), (6, True), (12, True), (20, True)]:
        many = 1 + rng.integers(0, 3, items) if several else np.ones(items, dtype=int)
        topics = [sorted(rng.choice(6, count, replace=False).tolist()) for count in many]
        labels = (rng.random(items) < 0.7).astype(int)
        labels[0] = 1
        vectors = rng.normal(size=(items, 3)).astype(np.float32).astype(float)
        slate = rng.permutation(items)[: rng.integers(min(3, items), items + 1)]
        values = []
        for k in [2, 5, 10]:
            values += diverse(k, slate, topics, labels, vectors, several)
        cases.append({
            "slate": slate.tolist(), "labels": labels.tolist(), "topics": topics, "vectors": vectors.tolist(),
            "values": values,
        })
    return cases


def diverse(k, slate, topics, labels, vectors, several):
    values = []
    for alpha in [0.0, 0.25, 0.5, 1.0]:
        by = {
            "pyndeval alpha-nDCG": ndeval(slate, topics, labels, f"alpha-nDCG@{k}", alpha),
            "paper": paper_alpha_ndcg(slate, topics, labels, alpha, k),
        }
        values.append(agreed(f"alpha-ndcg@{k}(alpha={alpha:g})", by))
    everything = np.ones(len(labels))
    covered = ndeval(slate, topics, everything, f"strec@{k}", 0.5)
    values.append(agreed(f"coverage@{k}(/list)", {"pyndeval strec": covered}))
    shown = slate[:k]
    values.append(agreed(f"ild@{k}(cosine)", {"scipy pdist cosine": pdist(vectors[shown], "cosine").mean()}))
    if several:
        apart = pdist(np.array(shown)[:, None], lambda a, b: not set(topics[int(a[0])]) & set(topics[int(b[0])]))
        by = {"scipy pdist of disjoint sets": apart.mean()}
    else:
        codes = np.array([topics[item] for item in shown])
        by = {"scipy pdist hamming": pdist(codes, "hamming").mean()}
    values.append(agreed(f"ild@{k}(category)", by))
    return values


def ndeval(slate, topics, labels, measure, alpha):
    # ndeval's greedy ideal takes the last name among equals; ours takes the first item of the list.
    docs = names(len(topics))[::-1]
    qrels = [("q", str(t), docs[n], 1) for n, of in enumerate(topics) if labels[n] for t in of]
    run = [("q", docs[item], float(-slot)) for slot, item in enumerate(slate)]
    return pyndeval.RelevanceEvaluator(qrels, [measure], alpha=alpha).evaluate(run)["q"][measure]


def paper_alpha_ndcg(slate, topics, labels, alpha, k):
    """Equations 3 to 6 of Clarke et al. 2008; their ideal is greedy too, the first of the list among equals here."""

    def gain(item, before):
        if not labels[item]:
            return 0.0
        times = [sum(t in topics[other] for other in before if labels[other]) for t in topics[item]]
        return sum((1 - alpha) ** seen for seen in sorted(times))

    def dcg(order):
        return sum(gain(item, order[:slot]) / np.log2(slot + 2) for slot, item in enumerate(order))

    ideal, left = [], list(range(len(topics)))
    while left and len(ideal) < k:
        best = max(left, key=lambda item: gain(item, ideal))
        ideal.append(best)
        left.remove(best)
    return dcg(list(slate[:k])) / dcg(ideal)


def exposure_cases(rng):
    cases = []
    for lists, catalog, items in [(1, 12, 6), (8, 30, 10), (40, 60, 20)]:
        made, log, uniform = [], {k: np.zeros(catalog) for k in (3, 8)}, {k: np.zeros(catalog) for k in (3, 8)}
        seen = set()
        for _ in range(lists):
            ids = rng.choice(catalog - 5, items, replace=False)
            slate = rng.permutation(len(ids))[: rng.integers(1, 10)]  # now and then shorter than k
            made.append({"items": ids.tolist(), "slate": slate.tolist()})
            seen.update(ids.tolist())
            for slot, item in enumerate(ids[slate]):
                for k in (3, 8):
                    if slot < k:
                        log[k][item] += 1 / np.log2(slot + 2)
                        uniform[k][item] += 1
        values = []
        for k in (3, 8):
            for name, exposure in [("log", log[k]), ("uniform", uniform[k])]:
                among = exposure[sorted(seen)]
                by = "quantecon gini_coefficient"
                values.append(agreed(f"gini@{k}({name},candidates)", {by: gini_coefficient(among)}))
                values.append(agreed(f"gini@{k}({name},catalog={catalog})", {by: gini_coefficient(exposure)}))
        cases.append({"lists": made, "catalog": catalog, "values": values})
    return cases


def agreement_cases(rng):
    cases = []
    for items, first, second in [(2, 2, 2), (6, 6, 6), (15, 15, 15), (30, 30, 30), (10, 4, 4), (12, 3, 9), (20, 20, 7)]:
        a, b = rng.permutation(items)[:first], rng.permutation(items)[:second]
        if items == 30:  # one that is near the other
            b = a[np.argsort(np.arange(items) + rng.normal(0, 2, items))]
        tau = kendalltau(slots(a, items), slots(b, items), variant="b").statistic
        values = [agreed("tau-b", {"scipy kendalltau": tau})]
        for p in [0.5, 0.9, 0.98]:
            ext = rbo.RankingSimilarity(a.tolist(), b.tolist()).rbo_ext(p)
            values.append(agreed(f"rbo(ext,p={p:g})", {"rbo rbo_ext": ext}))
        for k in [1, 3, 5]:
            if k <= max(first, second):
                values.append(agreed(f"overlap@{k}", {"pytrec_eval P": precision_of(a, b, k)}))
        cases.append({"items": items, "a": a.tolist(), "b": b.tolist(), "values": values})
    return cases


def slots(slate, items):
    """Slot of each item; what is not shown is tied behind."""
    slots = np.full(items, items)
    slots[slate] = np.arange(len(slate))
    return slots


def precision_of(a, b, k):
    qrels = {"q": {f"d{item}": 1 for item in a[:k]}}
    run = {"q": {f"d{item}": float(-slot) for slot, item in enumerate(b)}}
    return pytrec_eval.RelevanceEvaluator(qrels, {f"P.{k}"}).evaluate(run)["q"][f"P_{k}"]
