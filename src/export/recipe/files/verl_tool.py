"""verl's tool and parser, in one file because verl loads it once in every worker (`multi_turn.function_tool_path`).

The policy writes bare code between `<tool_call>` and `</tool_call>`, which verl's `hermes` parser rejects; this one takes it.
"""

import json
import sys
from pathlib import Path

from verl.experimental.agent_loop.tool_parser import FunctionCall, ToolParser
from verl.tools.function_tool import function_tool

sys.path.insert(0, str(Path(__file__).parent))
from calculator import calculate  # noqa: E402

OPEN, CLOSE = 5, 6  # <tool_call>, </tool_call>


@ToolParser.register("aster")
class AsterToolParser(ToolParser):
    @property
    def stop_token_ids(self):
        return [CLOSE]

    async def extract_tool_calls(self, responses_ids, tools=None):
        ids = list(responses_ids)
        if not ids or ids[-1] != CLOSE or OPEN not in ids:
            return self.tokenizer.decode(ids), []
        start = len(ids) - 1 - ids[::-1].index(OPEN)
        code = self.tokenizer.decode(ids[start + 1 : -1])
        call = FunctionCall(name="python", arguments=json.dumps({"code": code}))
        return self.tokenizer.decode(ids[:start]), [call]


@function_tool
def python(code: str) -> str:
    """
    Runs a line of Python and returns what it prints, or the value of its last expression.

    Args:
        code: The Python to run.
    """
    return calculate(code)
