"""verl's reward (`reward.custom_reward_function`): the outcome, and the bonus for calling where the run had one."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from rewards import CALL_BONUS, is_right, note  # noqa: E402


def compute_score(data_source, solution_str, ground_truth, extra_info=None, **_):
    match = re.search(r"</think>([^<]*)(?:<\|im_end\|>)?$", solution_str)
    right = match is not None and is_right(ground_truth, match.group(1))
    info = extra_info or {}
    if info.get("split") == "train":
        note(info.get("id"), right)
    return float(right) + CALL_BONUS * ("</tool_call>" in solution_str)
