"""Scores against labels: scikit-learn."""

import numpy as np
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss, roc_auc_score

from agreed import agreed


def score_cases(rng):
    """Lists of scores and clicks; some scores are tied, and lists of one class have no AUC."""
    cases = []
    for lists, items in [(1, 6), (3, 10), (6, 25)]:
        logits = [np.round(rng.normal(0, 2, items) * 8) / 8 for _ in range(lists)]
        labels = [(rng.random(items) < expit(x)).astype(int) for x in logits]
        for label in labels:
            label[:2] = [0, 1]
        aucs = [roc_auc_score(label, x) for label, x in zip(labels, logits)]
        clicks = [label.sum() for label in labels]
        flat, truth = np.concatenate(logits), np.concatenate(labels)
        probabilities = expit(flat).astype(np.float32).astype(float)
        name = "scikit-learn roc_auc_score"
        values = [
            agreed("auc", {name: roc_auc_score(truth, flat)}),
            agreed("gauc(equal)", {f"mean of {name}": np.mean(aucs)}),
            agreed("gauc(relevant)", {f"mean of {name}, by clicks": np.average(aucs, weights=clicks)}),
            agreed("logloss", {"scikit-learn log_loss": log_loss(truth, probabilities)}),
            agreed("logloss(logits)", {"scikit-learn log_loss of scipy expit": log_loss(truth, expit(flat))}),
        ]
        cases.append({
            "logits": [x.tolist() for x in logits],
            "labels": [x.tolist() for x in labels],
            "probabilities": probabilities.tolist(),
            "values": values,
        })
    return cases


def calibration_cases(rng):
    """scikit-learn gives the means of each bin; counts come from a histogram of the same edges."""
    cases = []
    for items, bins in [(20, 5), (60, 10), (150, 15)]:
        predictions = (rng.beta(1, 3, items)).astype(np.float32).astype(float)
        assert len(set(predictions)) == items
        labels = (rng.random(items) < predictions**0.7).astype(int)
        for kind, strategy in [("width", "uniform"), ("mass", "quantile")]:
            true, predicted = calibration_curve(labels, predictions, n_bins=bins, strategy=strategy)
            edges = np.linspace(0, 1, bins + 1)
            if strategy == "quantile":
                edges = np.percentile(predictions, edges * 100)
            counts = np.histogram(predictions, edges)[0]
            counts = counts[counts > 0]
            ece = float(np.sum(counts * np.abs(true - predicted)) / items)
            cases.append({
                "predictions": predictions.tolist(),
                "labels": labels.tolist(),
                "bins": bins,
                "counts": counts.tolist(),
                "mean_predictions": predicted.tolist(),
                "mean_labels": true.tolist(),
                "values": [agreed(f"ece({kind},{bins})", {"scikit-learn calibration_curve, numpy histogram": ece})],
            })
    return cases
