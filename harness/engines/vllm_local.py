"""vLLM in this process, beside the learner (colocated)."""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from srpo_bench.harness.config import Vllm
from srpo_bench.harness.engines.vllm_engine import Completion, HostError, Request

ON_A_CPU = {
    "block_size": 32,  # tokens; of a prompt, whole blocks are shared, and 128 is the default
    "enable_chunked_prefill": False,  # vLLM 0.32 cannot cut the prompt of a request with a seed
}


def options(model: Path, dtype: str, settings: Vllm) -> dict[str, Any]:
    """vLLM's engine arguments, the same in this process and in a server."""
    return {
        "model": str(model),
        "dtype": dtype,
        "logprobs_mode": "processed_logprobs",  # of the distribution that is sampled from
        "generation_config": "vllm",  # no sampling defaults of the model's own
        "enforce_eager": settings.enforce_eager,
        "gpu_memory_utilization": settings.gpu_memory_utilization,
        "enable_prefix_caching": True,  # a group's n samples share the prompt's prefill
        **({} if torch.cuda.is_available() else ON_A_CPU),
        **({"max_model_len": settings.max_model_len} if settings.max_model_len else {}),
        **settings.arguments,
    }


def environment(settings: Vllm) -> dict[str, str]:
    """What vLLM reads from the environment, in both modes."""
    return {
        "VLLM_CPU_KVCACHE_SPACE": str(settings.cpu_cache_gib),
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # runs side by side would be bound to one core
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # one process here; in a server one fewer to start
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_LOGGING_LEVEL": os.environ.get("VLLM_LOGGING_LEVEL", "ERROR"),
    }


class InProcessHost:
    """Hosts ``vllm.LLM``; needs no copy of the weights to pass them on."""

    def __init__(self, model: Path, dtype: str, settings: Vllm) -> None:
        self.arguments, self.settings = options(model, dtype, settings), settings
        self.llm: Any = None

    def start(self) -> None:
        """See ``Host.start``."""
        os.environ |= environment(self.settings)
        os.environ["VLLM_ALLOW_INSECURE_SERIALIZATION"] = "1"  # tensors pass within this process
        if self.settings.enforce_eager:
            torch.compiler.set_stance("force_eager")  # its samplers would be compiled all the same
        set_threads, threads = torch.set_num_threads, torch.get_num_threads()
        try:
            from vllm import LLM

            self.llm = LLM(**self.arguments, disable_log_stats=True, use_tqdm_on_load=False)
        except Exception as error:
            raise HostError(f"it does not start ({_sentence(error)})") from error
        finally:
            torch.set_num_threads = set_threads  # vLLM's CPU worker puts an empty one in its place
            set_threads(threads)

    def stop(self) -> None:
        """See ``Host.stop``."""
        self.llm = None
        gc.collect()
        with contextlib.suppress(Exception):
            from vllm.distributed.parallel_state import cleanup_dist_env_and_memory

            cleanup_dist_env_and_memory()

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """See ``Host.load``."""
        try:
            self.llm.collective_rpc(
                "reload_weights", kwargs={"weights_iterator": iter(list(weights.items()))}
            )
            forgot = self.llm.reset_prefix_cache()
        except Exception as error:
            raise HostError(f"its weights were not replaced ({_sentence(error)})") from error
        if not forgot:
            raise HostError("it kept what it had cached under the old weights")

    def complete(self, requests: Sequence[Request]) -> list[list[Completion]]:
        """See ``Host.complete``."""
        from vllm import SamplingParams

        parameters = [SamplingParams(**r.parameters()) for r in requests]
        outputs = self._generate([r.prompt for r in requests], parameters)
        return [[_completion(choice) for choice in output.outputs] for output in outputs]

    def score(self, tokens: list[int]) -> list[float]:
        """See ``Host.score``."""
        from vllm import SamplingParams

        (output,) = self._generate([tokens], [SamplingParams(max_tokens=1, prompt_logprobs=0)])
        scored = zip(tokens[1:], output.prompt_logprobs[1:], strict=True)
        return [by_token[token].logprob for token, by_token in scored]

    def _generate(self, prompts: list[list[int]], parameters: list[Any]) -> list[Any]:
        try:
            ids = [{"prompt_token_ids": prompt} for prompt in prompts]
            outputs: list[Any] = self.llm.generate(ids, parameters, use_tqdm=False)
        except Exception as error:
            raise HostError(f"it stopped answering ({_sentence(error)})") from error
        return outputs


def _completion(choice: Any) -> Completion:
    ids = list(choice.token_ids)
    logp = [at[token].logprob for token, at in zip(ids, choice.logprobs, strict=True)]
    return Completion(ids, logp, choice.finish_reason == "length")


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
