"""What a vLLM server is given to take weights from a file: ``--worker-extension-cls``."""

from __future__ import annotations

from typing import Any


class WeightFiles:
    """Mixed into vLLM's worker. Its own transfer between processes needs a GPU's NCCL or IPC."""

    reload_weights: Any

    def load_weight_file(self, path: str) -> None:
        """Replace the weights by those of a safetensors file."""
        from safetensors.torch import load_file

        self.reload_weights(weights_iterator=iter(load_file(path).items()))
