#!/usr/bin/env bash
# Installs what the metrics are checked against into a virtual environment beside this file, and writes golden.json anew.
set -euo pipefail
cd "$(dirname "$0")"
python3 -m venv venv
venv/bin/pip install --quiet -r requirements.txt
venv/bin/python golden.py
