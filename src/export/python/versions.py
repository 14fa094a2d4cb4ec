"""What the checks run on."""

import platform
from importlib.metadata import version

names = ["torch", "transformers", "trl", "datasets", "tensorboard", "trackio", "wandb"]
print(f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in names))
