"""Metrics of a ranked list: scikit-learn, pytrec_eval, ranx, and gdeval for ERR."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import ir_measures
import numpy as np
import pytrec_eval
import ranx
from sklearn.metrics import average_precision_score, dcg_score, ndcg_score

from agreed import agreed

KS = [1, 3, 5, 10, 20]


def cases(rng):
    made = []
    for items in [1, 2, 5, 6, 8, 12, 15, 20]:
        for grades in (1, 4):
            labels = rng.integers(0, grades + 1, items) * (rng.random(items) < 0.6)
            labels[rng.integers(items)] = grades
            scores = rng.permutation(items) / 32.0
            made.append(case(labels, scores, strict(labels, scores, "stable") + clicks(labels, scores)))
    for items in [4, 7, 10, 16]:
        labels = rng.integers(0, 5, items) * (rng.random(items) < 0.7)
        labels[rng.integers(items)] = 3
        scores = rng.integers(0, max(2, items // 3), items) / 4.0
        values = strict(labels, scores, "stable") + strict(labels, scores, "pessimistic") + averaged(labels, scores)
        made.append(case(labels, scores, values))
    return made


def case(labels, scores, values):
    return {"labels": labels.tolist(), "scores": scores.tolist(), "values": values}


def order_of(labels, scores, ties):
    """Items by descending score; equal scores as they came, or the least relevant first."""
    second = labels if ties == "pessimistic" else np.arange(len(labels))
    return np.lexsort((second, -scores))


def strict(labels, scores, ties):
    """Every metric of an order without ties, which each library gets as ranks."""
    order = order_of(labels, scores, ties)
    ranks = np.empty(len(order))
    ranks[order] = np.arange(len(order), 0, -1)
    shown = labels[order]
    values = []
    for k in KS:
        values += [agreed(metric, by, ties=ties) for metric, by in at(k, labels, shown, ranks)]
    values.append(agreed(*reciprocal_rank(labels, ranks), ties=ties))
    return values


def at(k, labels, shown, ranks):
    trec, rx = trec_eval(labels, ranks, k), ranx_of(labels, ranks)
    relevant, cut = int((labels > 0).sum()), min(k, len(labels))
    exponential = (2.0**labels - 1)[None]
    sk = {"k": k, "ignore_ties": True}
    gains = {"exp": exponential, "linear": labels[None].astype(float)}
    if len(labels) > 1:  # scikit-learn refuses to rank a single item
        yield f"ndcg@{k}(exp)", {
            "scikit-learn ndcg_score of 2^label - 1": ndcg_score(gains["exp"], ranks[None], **sk),
            "ranx ndcg_burges": rx(f"ndcg_burges@{k}"),
        }
        yield f"ndcg@{k}(linear)", {
            "scikit-learn ndcg_score": ndcg_score(gains["linear"], ranks[None], **sk),
            "ranx ndcg": rx(f"ndcg@{k}"),
            "pytrec_eval ndcg_cut": trec["ndcg_cut"],
        }
        for name, gain in gains.items():
            yield f"dcg@{k}({name})", {"scikit-learn dcg_score": dcg_score(gain, ranks[None], **sk)}
    yield f"map@{k}(/R)", {"pytrec_eval map_cut": trec["map_cut"], "ranx map": rx(f"map@{k}")}
    by_r = trec["map_cut"] * relevant / min(k, relevant)
    yield f"map@{k}(/min(k,R))", {"pytrec_eval map_cut * R / min(k, R)": by_r}
    head = shown[:cut] > 0
    by_hits = average_precision_score(head, np.arange(cut, 0, -1)) if head.any() else 0.0
    yield f"map@{k}(/hits)", {"scikit-learn average_precision_score of the top k": by_hits}
    yield f"precision@{k}(short=pad)", {"pytrec_eval P": trec["P"], "ranx precision": rx(f"precision@{k}")}
    if k <= len(labels):
        yield f"precision@{k}", {"pytrec_eval P": trec["P"], "ranx precision": rx(f"precision@{k}")}
        yield f"f1@{k}", {"ranx f1": rx(f"f1@{k}")}
    yield f"f1@{k}(short=pad)", {"ranx f1": rx(f"f1@{k}")}
    yield f"recall@{k}", {"pytrec_eval recall": trec["recall"], "ranx recall": rx(f"recall@{k}")}
    yield f"hitrate@{k}", {"pytrec_eval success": trec["success"], "ranx hit_rate": rx(f"hit_rate@{k}")}
    yield f"mrr@{k}", {"ranx mrr": rx(f"mrr@{k}")}
    yield f"err@{k}(max=4)", {
        "gdeval of ir_measures, with more digits": gdeval_err(labels, ranks, k),
        "paper": paper_err(shown, 4, k),
    }
    if labels.max() <= 1:
        yield f"err@{k}(max=1)", {"paper": paper_err(shown, 1, k)}


def reciprocal_rank(labels, ranks):
    everything = max(KS)
    by = {"pytrec_eval recip_rank": trec_eval(labels, ranks, everything)["recip_rank"]}
    return f"mrr@{everything}", by


def clicks(labels, scores):
    if labels.max() > 1:
        return []
    rx = ranx_of(labels, scores)
    return [agreed(f"clicks@{k}", {"ranx hits": rx(f"hits@{k}")}, ties="stable") for k in KS]


def averaged(labels, scores):
    """scikit-learn gives tied items the mean of their gains: the expectation of DCG over their orders."""
    values = []
    for k in KS:
        for name, gain in {"exp": 2.0**labels - 1, "linear": labels.astype(float)}.items():
            true, score = gain[None], scores[None]
            dcg, ndcg = dcg_score(true, score, k=k), ndcg_score(true, score, k=k)
            values.append(agreed(f"dcg@{k}({name})", {"scikit-learn dcg_score": dcg}, ties="average"))
            values.append(agreed(f"ndcg@{k}({name})", {"scikit-learn ndcg_score": ndcg}, ties="average"))
    return values


def names(count):
    return [f"d{item:03}" for item in range(count)]


def qrels_and_run(labels, scores):
    docs = names(len(labels))
    qrels = {"q": {doc: int(label) for doc, label in zip(docs, labels)}}
    return qrels, {"q": {doc: float(score) for doc, score in zip(docs, scores)}}


def trec_eval(labels, ranks, k):
    qrels, run = qrels_and_run(labels, ranks)
    cut = ["ndcg_cut", "map_cut", "P", "recall", "success"]
    found = pytrec_eval.RelevanceEvaluator(qrels, {f"{name}.{k}" for name in cut} | {"recip_rank"}).evaluate(run)["q"]
    return {name: found[f"{name}_{k}"] for name in cut} | {"recip_rank": found["recip_rank"]}


def ranx_of(labels, scores):
    qrels, run = qrels_and_run(labels, scores)
    qrels = ranx.Qrels({"q": {doc: label for doc, label in qrels["q"].items() if label > 0}})
    return lambda metric: float(ranx.evaluate(qrels, ranx.Run(run), metric))


def gdeval_err(labels, ranks, k):
    """The script of the TREC Web track (grades up to 4) rounds to 5 digits; a copy prints all of them."""
    script = (Path(ir_measures.__file__).parent / "bin" / "gdeval.pl").read_text()
    assert shutil.which("perl") and script.count("%.5f,%.5f") == 1
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "gdeval.pl").write_text(script.replace("%.5f,%.5f", "%.17f,%.17f"))
        docs = list(zip(names(len(labels)), labels, ranks))
        (folder / "qrels").write_text("".join(f"1 0 {doc} {label}\n" for doc, label, _ in docs))
        (folder / "run").write_text("".join(f"1 Q0 {doc} 1 {rank} x\n" for doc, _, rank in docs))
        command = ["perl", "gdeval.pl", "qrels", "run", str(k)]
        out = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    return float(out.splitlines()[1].split(",")[3])


def paper_err(shown, highest, k):
    """Algorithm 2 of Chapelle et al. 2009."""
    p, err = 1.0, 0.0
    for rank, grade in enumerate(shown[:k], start=1):
        stops = (2.0**grade - 1) / 2.0**highest
        err += p * stops / rank
        p *= 1 - stops
    return err
