"""TRL runs the exported recipe: the cold start's first steps, and a few steps of GRPO from the lab's cold start, with the lab's calls and entropy."""

import json
import sys

from lab import FOLDER, need, ok, rows

RECIPE = FOLDER / "recipe-trl"
sys.path.insert(0, str(RECIPE))
import grpo  # noqa: E402
import sft  # noqa: E402

settings = json.loads((RECIPE / "settings.json").read_text())
quick = {"use_cpu": True, "disable_tqdm": True}

trainer = sft.main(max_steps=20, output_dir=str(FOLDER / "trl-sft"), **quick)
losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
need(losses[-1] < losses[0], f"the loss of the cold start went from {losses[0]} to {losses[-1]}")
ok(f"SFTTrainer takes {len(losses)} steps from base/: loss {losses[0]:.2f} to {losses[-1]:.2f}")

# Fewer prompts a step than the lab's, because generation without vLLM is slow; nothing else differs.
prompts = 16
group = settings["grpo"]["groupSize"]
trainer = grpo.main(
    "stage1",
    max_steps=4,
    steps_per_generation=2,
    per_device_train_batch_size=prompts * group // 2,
    warmup_steps=0,
    output_dir=str(FOLDER / "trl-stage1"),
    **quick,
)
log = [entry for entry in trainer.state.log_history if "entropy" in entry]
calls = [entry["tools/call_frequency"] for entry in log if "tools/call_frequency" in entry]
entropy = [entry["entropy"] for entry in log]
rewards = [entry["reward"] for entry in log if "reward" in entry]

# The lab's spread: the rounds that its own run began stage 1 with.
first = rows(FOLDER / "lab-stage1.jsonl")
lab_calls = [row["tool_use/avg_tool_calls_per_trajectory"] for row in first]
lab_entropy = [row["actor/entropy"] for row in first if "actor/entropy" in row]


def near(ours, theirs, slack, what):
    low, high = min(theirs) - slack, max(theirs) + slack
    mean = sum(ours) / len(ours)
    need(low <= mean <= high, f"{what} {mean:.3f} in TRL, {min(theirs):.3f} to {max(theirs):.3f} in the lab")
    return f"{what} {mean:.3f} in TRL, {min(theirs):.3f} to {max(theirs):.3f} in the lab's first {len(theirs)} rounds"


told = [near(calls, lab_calls, 0.5, "calls"), near(entropy, lab_entropy, 0.05, "entropy")]
ok(f"GRPOTrainer takes {len(log)} steps from cold-start/: {'; '.join(told)}; reward {rewards[0]:.2f}")

solved = rows(RECIPE / "solved.jsonl")
need(len(solved) >= prompts * group, f"only {len(solved)} rewards were noted")
sys.argv = ["filter_prompts.py"]
exec(open(RECIPE / "filter_prompts.py").read(), {"__file__": str(RECIPE / "filter_prompts.py"), "__name__": "__main__"})
ok("the filter between the stages writes stage 2's prompts")
