"""The data in datasets, TRL and verl: every file loads, and messages come out as the lab's exact tokens and mask."""

from datasets import load_dataset
from lab import DATA, MODEL, need, ok, rows
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(MODEL)
files = sorted(path.relative_to(DATA).with_suffix("") for path in DATA.glob("*/*.parquet"))
for name in files:
    parquet = load_dataset("parquet", data_files=str(DATA / f"{name}.parquet"), split="train")
    lines = load_dataset("json", data_files=str(DATA / f"{name}.jsonl"), split="train")
    need(len(parquet) == len(lines) > 0, f"{name}: {len(parquet)} rows in Parquet, {len(lines)} in JSON lines")
    need(set(lines.column_names) <= set(parquet.column_names), f"{name}: columns {lines.column_names} and {parquet.column_names}")
ok(f"datasets loads {len(files)} files as Parquet and as JSON lines: {', '.join(map(str, files))}")

curated = rows(DATA / "tokens/curated.jsonl")


def compare(tokens, mask, row, where):
    need(list(tokens) == row["tokens"], f"{where}: other tokens of {row['id']}")
    need(list(mask) == row["loss_mask"], f"{where}: another mask of {row['id']}")


for kind, dataset in (
    ("JSON lines", load_dataset("json", data_files=str(DATA / "trl/sft.jsonl"), split="train")),
    ("Parquet", load_dataset("parquet", data_files=str(DATA / "trl/sft.parquet"), split="train")),
):
    for example, row in zip(dataset, curated, strict=True):
        out = tokenizer.apply_chat_template(
            example["messages"], tools=example["tools"], return_dict=True, return_assistant_tokens_mask=True
        )
        compare(out["input_ids"], out["assistant_masks"], row, kind)
    ok(f"the chat template gives the lab's tokens and mask for {len(curated)} of {len(curated)} curated trajectories ({kind})")
