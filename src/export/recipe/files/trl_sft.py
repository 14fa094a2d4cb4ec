"""The cold start: python sft.py

Begins from base/ (what the run began from) and writes cold-start/.
"""

import json
from pathlib import Path

from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

HERE = Path(__file__).parent


def main(**changes):
    settings = json.loads((HERE / "sft.json").read_text()) | changes
    out = settings.pop("output_dir", str(HERE / "cold-start"))
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(HERE / "base"),
        processing_class=AutoTokenizer.from_pretrained(HERE / "base"),
        args=SFTConfig(output_dir=out, **settings),
        train_dataset=load_dataset("parquet", data_files=str(HERE / "data/sft.parquet"), split="train"),
    )
    trainer.train()
    trainer.save_model(out)
    return trainer


if __name__ == "__main__":
    main()
