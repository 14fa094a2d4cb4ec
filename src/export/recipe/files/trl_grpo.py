"""One stage of GRPO: python grpo.py stage1, then python filter_prompts.py, then python grpo.py stage2

Begins from cold-start/ (stage 2 from stage1/) and writes a folder of the stage's name.
"""

import json
import os
import sys
from pathlib import Path

from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

from calculator import calculate
from rewards import CALL_BONUS, is_right, note

HERE = Path(__file__).parent


def python(code: str) -> str:
    """
    Runs a line of Python and returns what it prints, or the value of its last expression.

    Args:
        code: The Python to run.
    """
    return calculate(code)


def outcome(completions, answer, id, **_):
    """1 where the last message gives the answer and nothing is left open."""
    given = [None if messages[-1].get("tool_calls") else messages[-1].get("content") for messages in completions]
    rewards = [float(is_right(right, text)) for right, text in zip(answer, given)]
    for name, reward in zip(id, rewards):
        note(name, reward)
    return rewards


def bonus(completions, **_):
    """grpo.callBonus for a trajectory that calls at all."""
    return [CALL_BONUS * any(message.get("tool_calls") for message in messages) for messages in completions]


def main(stage, **changes):
    if stage == "stage1":
        os.environ.setdefault("ASTER_SOLVED", str(HERE / "solved.jsonl"))
    settings = json.loads((HERE / f"{stage}.json").read_text()) | changes
    start = HERE / ("cold-start" if stage == "stage1" else "stage1")
    out = settings.pop("output_dir", str(HERE / stage))
    trainer = GRPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(start),
        processing_class=AutoTokenizer.from_pretrained(start),
        args=GRPOConfig(output_dir=out, **settings),
        train_dataset=load_dataset("parquet", data_files=str(HERE / f"data/{stage}.parquet"), split="train"),
        reward_funcs=[outcome, bonus] if CALL_BONUS > 0 else [outcome],
        tools=[python],
    )
    trainer.train()
    trainer.save_model(out)
    return trainer


if __name__ == "__main__":
    main(sys.argv[1])
