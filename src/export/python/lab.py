"""What the checks share: where the exported files lie, and how a check reports."""

import json
import os
import sys
from pathlib import Path

FOLDER = Path(os.environ["ASTER_EXPORTED"])  # made by `npm run test:python`
MODEL = FOLDER / "model"
DATA = FOLDER / "data"
RUN = FOLDER / "run"


def rows(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def ok(text):
    print(f"ok    {text}", flush=True)


def need(holds, text):
    if not holds:
        print(f"FAIL  {text}", flush=True)
        sys.exit(1)


def example_python(code, longest_code=24, longest_output=8):
    """The card's calculator: sums and nothing else."""
    import re

    if len(code) > longest_code or not re.fullmatch(r"[-+*/%() 0-9]+", code) or "**" in code:
        return "E"
    try:
        return str(eval(code))[:longest_output]
    except Exception:
        return "E"
