"""The tool that the policies were trained with, as far as their calls go: a sum in a line.

The lab runs every call in Python (Pyodide). Here only arithmetic is run, because a training process is no sandbox; anything else is an
error to the policy, as a cell that raises is in the lab.
"""

import re

LONGEST_CODE = 24  # characters; sandbox.maxCodeLength
LONGEST_OUTPUT = 8  # characters; sandbox.maxOutputLength
ERROR = "E"  # what the policy reads when a call fails


def calculate(code: str) -> str:
    if len(code) > LONGEST_CODE or not re.fullmatch(r"[-+*/%() 0-9]+", code) or "**" in code:
        return ERROR
    try:
        return str(eval(code, {"__builtins__": {}}))[:LONGEST_OUTPUT]
    except Exception:
        return ERROR
