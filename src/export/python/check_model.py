"""The model folder in transformers: it opens, gives the lab's log-probabilities, and its card's tool loop solves what the lab's policy solves."""

import math
import re

import torch
from lab import DATA, FOLDER, MODEL, need, ok, rows
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline

torch.manual_seed(0)
tokenizer = AutoTokenizer.from_pretrained(MODEL)
model = AutoModelForCausalLM.from_pretrained(MODEL)
need(len(tokenizer) == 61, f"the tokenizer has {len(tokenizer)} tokens, not 61")
need(model.config.architectures == ["Qwen3ForCausalLM"] and model.dtype == torch.float32, "not a float32 Qwen3")
ok(f"AutoModelForCausalLM and AutoTokenizer open the folder: {model.num_parameters():,} parameters, 61 tokens")

policy = rows(DATA / "tokens/policy.jsonl")
worst, count = 0.0, 0
with torch.no_grad():
    for row in policy:
        text = tokenizer.decode(row["tokens"])
        need(tokenizer(text).input_ids == row["tokens"], f"decoding and encoding changes the tokens of {row['id']}")
        ids = torch.tensor([row["tokens"]])
        log_probs = model(ids).logits[0, :-1].log_softmax(-1).gather(1, ids[0, 1:, None])[:, 0]
        for i, (mask, ours) in enumerate(zip(row["loss_mask"], row["log_probs"])):
            if mask == 1:
                worst = max(worst, abs(log_probs[i - 1].item() - ours))
                count += 1
need(worst <= 1e-4, f"log-probabilities differ by {worst}")
ok(f"log-probabilities of {count} sampled tokens agree within {worst:.1e} nats")

writer = pipeline("text-generation", model=str(MODEL))
written = writer(f"<|im_start|>{policy[0]['question']}<think>", return_full_text=False)[0]["generated_text"]
need(re.search(r"(</tool_call>|<\|im_end\|>)$", written) is not None or len(written) > 100, f"pipeline wrote {written!r}")
ok(f"pipeline writes a turn: {written!r}")

# The loop of the card, word for word, on the problems that the lab's policy was asked.
card = (MODEL / "README.md").read_text()
source = re.search(r"```python\n(.*?)```", card, re.DOTALL).group(1)
source = source.replace('from_pretrained(".")', f"from_pretrained({str(MODEL)!r})")
scope = {}
exec(source, scope)
answered = [scope["solve"](row["question"]) for row in policy]
right = [1.0 if re.search(rf"</think>{re.escape(row['answer'])}<\|im_end\|>$", text) else 0.0 for row, text in zip(policy, answered)]
calls = [float(text.count("</tool_call>")) for text in answered]


def told_apart(theirs, ours, what):
    mean = lambda values: sum(values) / len(values)
    variance = lambda values: sum((v - mean(values)) ** 2 for v in values) / (len(values) - 1)
    error = math.sqrt((variance(theirs) + variance(ours)) / len(ours))
    gap = abs(mean(theirs) - mean(ours))
    need(gap <= 3 * error + 1e-9, f"{what}: {mean(theirs):.2f} there and {mean(ours):.2f} here, more than three errors of {error:.2f} apart")
    return f"{what} {mean(theirs):.2f} there, {mean(ours):.2f} here (error of the difference {error:.2f})"


told = [
    told_apart(right, [row["reward"] for row in policy], "right"),
    told_apart(calls, [float(row["calls"]) for row in policy], "calls"),
]
ok(f"the card's tool loop on {len(policy)} problems: {'; '.join(told)}")

# Files for the way back: as save_pretrained writes them, in shards, in bfloat16, tied, and with another tokenizer.
tokenizer.save_pretrained(FOLDER / "back/whole")
model.save_pretrained(FOLDER / "back/whole")
tokenizer.save_pretrained(FOLDER / "back/shards")
model.save_pretrained(FOLDER / "back/shards", max_shard_size="150KB")
need((FOLDER / "back/shards/model.safetensors.index.json").exists(), "no shards were written")
model.to(torch.bfloat16).save_pretrained(FOLDER / "back/bfloat16")
again = load_file(FOLDER / "back/whole/model.safetensors")
ours = load_file(MODEL / "model.safetensors")
need(all(torch.equal(again[name], ours[name]) for name in ours) and len(again) == len(ours), "save_pretrained changed the weights")
ok("save_pretrained writes the same weights, whole, in shards and in bfloat16")

from transformers import Qwen3Config, Qwen3ForCausalLM

odd = Qwen3Config(
    vocab_size=61, hidden_size=40, intermediate_size=72, num_hidden_layers=1, num_attention_heads=3, num_key_value_heads=1,
    head_dim=14, rms_norm_eps=1e-5, rope_parameters={"rope_type": "default", "rope_theta": 500000.0}, tie_word_embeddings=True,
    max_position_embeddings=256, pad_token_id=0, bos_token_id=1, eos_token_id=2,
)
torch.manual_seed(1)
other = Qwen3ForCausalLM(odd)
other.save_pretrained(FOLDER / "back/odd")
tokenizer.save_pretrained(FOLDER / "back/odd")
with torch.no_grad():
    ids = torch.tensor([policy[0]["tokens"]])
    logits = other(ids).logits[0]
save_file({"tokens": ids[0].to(torch.int32), "logits": logits.contiguous()}, FOLDER / "back/odd-logits.safetensors")
ok("a Qwen3 of an odd shape, tied, with its own rope_theta and rms_norm_eps, is written for the way back")
