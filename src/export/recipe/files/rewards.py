"""The reward: 1 for the right answer after the last `</think>`, else 0; and how each prompt fared, for the filter between the stages."""

import json
import os

CALL_BONUS = 0.0  # grpo.callBonus


def is_right(answer, given):
    return given is not None and given.strip() == answer


def note(problem, right):
    """Append to the file that ASTER_SOLVED names: filter.py reads the last visit of every prompt."""
    path = os.environ.get("ASTER_SOLVED")
    if path and problem:
        with open(path, "a") as file:
            file.write(json.dumps({"id": problem, "right": int(right)}) + "\n")
