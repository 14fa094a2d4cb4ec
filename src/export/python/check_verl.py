"""verl takes the exported recipe as far as a machine without a graphics card can tell: its configs compose, its dataset, tool, parser and reward
classes take the files. Its training is not run."""

import asyncio
import json
import os
import sys
from importlib.metadata import version

from lab import DATA, FOLDER, need, ok, rows

RECIPE = FOLDER / "recipe-verl"
os.chdir(RECIPE)
print(f"verl {version('verl')}, transformers {version('transformers')}:", flush=True)
import hydra  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

settings = json.loads((RECIPE / "settings.json").read_text())
configs = {}
with hydra.initialize_config_dir(config_dir=str(RECIPE), version_base=None):
    for name in ("sft", "stage1", "stage2"):
        configs[name] = hydra.compose(config_name=name)
        OmegaConf.resolve(configs[name])
rollout = configs["stage1"].actor_rollout_ref.rollout
need(rollout.n == settings["grpo"]["groupSize"] and rollout.multi_turn.format == "aster", "the rollout's config is not the recipe's")
need(configs["stage1"].actor_rollout_ref.actor.clip_ratio_high == settings["grpo"]["clipHigh"], "the actor's config is not the recipe's")
ok("verl's configs compose: sft, stage1, stage2")

from verl.utils.config import omega_conf_to_dataclass  # noqa: E402

for part in ("actor", "rollout"):
    omega_conf_to_dataclass(configs["stage1"].actor_rollout_ref[part])
ok("they fit verl's own classes of actor and rollout")

tokenizer = AutoTokenizer.from_pretrained(RECIPE / "cold-start")
from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset  # noqa: E402

dataset = MultiTurnSFTDataset(parquet_files=str(DATA / "verl/sft.parquet"), tokenizer=tokenizer, config=configs["sft"].data)
curated = rows(DATA / "tokens/curated.jsonl")
need(len(dataset) == len(curated), f"{len(dataset)} rows of {len(curated)}")
count = min(200, len(curated))
for i in range(count):
    item = dataset[i]
    need(item["input_ids"].tolist() == curated[i]["tokens"], f"row {i}: other tokens")
    need(item["loss_mask"].tolist() == curated[i]["loss_mask"], f"row {i}: another mask")
ok(f"MultiTurnSFTDataset gives the lab's tokens and mask for {count} of {count} rows")

from verl.utils.dataset.rl_dataset import RLHFDataset  # noqa: E402

prompts = RLHFDataset(data_files=str(RECIPE / "data/stage1.parquet"), tokenizer=tokenizer, config=configs["stage1"].data)
first = prompts[0]
need(first["agent_name"] == "tool_agent" and first["reward_model"]["style"] == "rule", "a prompt lacks its agent or its reward")
ok(f"RLHFDataset reads {len(prompts)} prompts")

# The dataset has loaded aster_tool.py by now (multi_turn.function_tool_path), as every worker of verl does: tool and parser are there.
from verl.tools.function_tool import FUNCTION_TOOL_REGISTRY  # noqa: E402

sys.path.insert(0, str(RECIPE))
import aster_reward  # noqa: E402
from verl.experimental.agent_loop.tool_parser import ToolParser  # noqa: E402

parser = ToolParser.get_tool_parser("aster", tokenizer)


async def parse(text):
    return await parser.extract_tool_calls(tokenizer(text).input_ids)


content, found = asyncio.run(parse("a<tool_call>37*2</tool_call>"))
need([call.name for call in found] == ["python"] and json.loads(found[0].arguments) == {"code": "37*2"}, f"parsed {found}")
need(asyncio.run(parse("</think>74<|im_end|>"))[1] == [], "an answer was parsed as a call")
need(parser.stop_token_ids == [6], "the parser does not stop at a call's end")
tool = FUNCTION_TOOL_REGISTRY["python"]
need(asyncio.run(tool.call({"code": "37*2"})) == "74", "the tool does not add up")
ok("the tool parser and the tool register and work: 37*2 is 74")

answer = "</think>74<|im_end|>"
need(aster_reward.compute_score("aster-lab/chain", answer, "74") >= 1.0, "a right answer earns nothing")
need(aster_reward.compute_score("aster-lab/chain", answer, "75") < 1.0, "a wrong answer earns something")
ok("the reward function scores answers")
