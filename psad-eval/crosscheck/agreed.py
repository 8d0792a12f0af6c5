"""Values on which implementations agree."""

TOLERANCE = 1e-9


def agreed(metric, by, **more):
    """One value for the file from `by`, {implementation: value}; an error where they differ."""
    first = next(iter(by.values()))
    for name, value in by.items():
        if abs(value - first) > TOLERANCE:
            raise ValueError(f"{metric}: {by} differ by more than {TOLERANCE}")
    return {"metric": metric, **more, "value": float(first), "by": list(by)}
