"""Writes golden.json: seeded cases, and the values that other implementations give for them.

Where several offer a metric they must agree here, or nothing is written. `paper` is code of this file, written from
the paper and not from the Rust code, for what no library has.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

import lists
import rankings
import slates

SEED = 20261124
LIBRARIES = [
    "ir_measures", "numpy", "pyndeval", "pytrec_eval-terrier", "quantecon", "ranx", "rbo", "scikit-learn", "scipy",
]


def main():
    rng = np.random.default_rng(SEED)
    golden = {
        "about": "Inputs and the values of other implementations; made by golden.py, see README.md.",
        "seed": SEED,
        "libraries": {name: version(name) for name in LIBRARIES},
        "rankings": rankings.cases(rng),
        "scores": lists.score_cases(rng),
        "calibrations": lists.calibration_cases(rng),
        "diversity": slates.diversity_cases(rng),
        "exposures": slates.exposure_cases(rng),
        "agreements": slates.agreement_cases(rng),
    }
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("golden.json")
    lines = [f"{json.dumps(key)}: {block(part)}" for key, part in golden.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def block(part):
    """A case per line, so that differences can be read."""
    if not isinstance(part, list):
        return json.dumps(part)
    return "[\n" + ",\n".join(json.dumps(case) for case in part) + "\n]"


if __name__ == "__main__":
    main()
