"""The curves in TensorBoard, W&B (offline) and trackio, by the snippets of ELSEWHERE.md, word for word."""

import json
import os
import re
from pathlib import Path

from lab import DATA, FOLDER, RUN, need, ok, rows
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

lines = [line for line in rows(RUN / "metrics.jsonl") if "step" in line]
need(all(not isinstance(value, dict) for line in lines for value in line.values()), "a line is nested")
steps = [line["step"] for line in lines]
need(steps == sorted(steps), "the axis goes back")

events = EventAccumulator(str(RUN), size_guidance={"scalars": 0, "histograms": 0})
events.Reload()
tags = events.Tags()
count = 0
for tag in tags["scalars"]:
    told = [(line["step"], line[tag]) for line in lines if tag in line]
    read = [(event.step, event.value) for event in events.Scalars(tag)]
    need([step for step, _ in told] == [step for step, _ in read], f"{tag}: other steps")
    need(all(abs(a - b) <= 1e-6 * max(1, abs(a)) for (_, a), (_, b) in zip(told, read)), f"{tag}: other values")
    count += len(read)
need(len(events.Histograms("call_counts")) == sum("call_counts" in line for line in lines), "histograms are missing")
ok(f"TensorBoard reads {len(tags['scalars'])} tags and {count} scalars as metrics.jsonl has them, and {len(tags['histograms'])} histograms")

docs = (Path(__file__).parent.parent / "ELSEWHERE.md").read_text()
snippets = re.findall(r"```python\n(.*?)```", docs, re.DOTALL)
os.chdir(FOLDER)
os.environ["TRACKIO_DIR"] = str(FOLDER / "trackio")
os.environ["WANDB_SILENT"] = "true"
for tool in ("wandb", "trackio"):
    source = next(snippet for snippet in snippets if f"import {tool}" in snippet)
    source = source.replace("runs/a", str(RUN)).replace("data/tokens", str(DATA / "tokens"))
    exec(source, {})
need(any((FOLDER / "wandb").glob("offline-run-*/*.wandb")), "W&B wrote no run")
ok("the W&B snippet runs offline")

import sqlite3

written = {path.stem: path for path in (FOLDER / "trackio").rglob("*.db")}
traces = sqlite3.connect(written["aster-trajectories"]).execute("select count(*) from traces").fetchone()[0]
need("aster-curves" in written, f"trackio has {list(written)}")
need(traces == len(rows(DATA / "tokens/rollouts.jsonl")), f"trackio has {traces} trajectories")
ok(f"trackio imports the event file and shows {traces} trajectories")
