"""Between the stages: prompts whose every sample was right on their last visit are dropped, and longer ones join.

    python filter_prompts.py

reads solved.jsonl (written by the reward in stage 1), data/stage1, and the fresh prompts that the lab would take, and writes data/stage2.
The rule is the lab's (src/train/promptFilter.ts): how well stage 1 went decides which problems come again, never how long they are.
"""

import json
from collections import defaultdict
from pathlib import Path

from datasets import concatenate_datasets, load_dataset

HERE = Path(__file__).parent
plan = json.loads((HERE / "stage2_mix.json").read_text())

visits = defaultdict(list)
for line in open(HERE / "solved.jsonl"):
    seen = json.loads(line)
    visits[seen["id"]].append(seen["right"])
solved = {name for name, rights in visits.items() if all(rights[-plan["groupSize"] :])}


def load(name):
    return load_dataset("parquet", data_files=str(HERE / f"data/{name}.parquet"), split="train")


def facts(row):
    return row.get("extra_info") or row  # verl keeps them in extra_info


before = load("stage1")
kept = before.filter(
    lambda row: facts(row)["id"] not in solved and plan["minLength"] <= facts(row)["steps"] <= plan["maxLength"]
)
again = kept.select(range(min(plan["familiar"], len(kept))))
parts = [again]
if plan["familiar"] > len(again):
    fresh = load("stage2_familiar")
    parts.append(fresh.select(range(min(plan["familiar"] - len(again), len(fresh)))))
if plan["longer"] > 0:
    parts.append(load("stage2_longer"))
whole = concatenate_datasets([part for part in parts if len(part) > 0])
whole.to_parquet(str(HERE / "data/stage2.parquet"))
print(f"{len(before)} prompts, {len(solved)} always solved, {len(again)} again, {len(whole)} for stage 2")
