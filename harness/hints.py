"""What somebody meant who typed an unknown setting: by its last part, by another trainer's
name for it, by spelling."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from srpo_bench.harness.errors import UserError

ELSEWHERE = {
    "learning_rate": "optim.lr",
    "weight_decay_rate": "optim.weight_decay",
    "max_steps": "steps",
    "total_training_steps": "steps",
    "save_steps": "checkpoint_every",
    "save_freq": "checkpoint_every",
    "save_total_limit": "keep_checkpoints",
    "eval_steps": "evaluation.every",
    "test_freq": "evaluation.every",
    "num_generations": "rollout.group_size",
    "n_samples_per_prompt": "rollout.group_size",
    "train_batch_size": "rollout.prompts_per_step",
    "rollout_batch_size": "rollout.prompts_per_step",
    "per_device_train_batch_size": "optim.micro_batch_tokens",
    "micro_batch_size": "optim.micro_batch_tokens",
    "gradient_accumulation_steps": "optim.micro_batch_tokens",
    "ppo_epochs": "optim.num_iterations",
    "steps_per_generation": "optim.updates_per_step",
    "max_completion_length": "rollout.max_new_tokens",
    "max_response_length": "rollout.max_new_tokens",
    "generate_max_len": "rollout.max_new_tokens",
    "lr_scheduler_type": "optim.schedule",
    "warmup_steps": "optim.warmup_updates",
    "grad_clip": "optim.max_grad_norm",
    "adam_beta1": "optim.betas",
    "adam_beta2": "optim.betas",
    "seed": "seeds",
    "report_to": "sinks",
    "logger": "sinks",
    "model_name_or_path": "model.path",
    "bf16": "model.dtype",
    "use_vllm": "rollout.engine",
    "reward_weights": "reward",
    "n": "rollout.group_size",
    "rollout.name": "rollout.engine",
    "generation_batch_size": "rollout.prompts_per_step",
    "ppo_micro_batch_size_per_gpu": "optim.micro_batch_tokens",
    "ppo_mini_batch_size": "optim.updates_per_step",
    "lr_warmup_steps": "optim.warmup_updates",
    "max_actor_ckpt_to_keep": "keep_checkpoints",
    "model_dtype": "model.dtype",
    "epsilon": "epsilon_low",
    "clip_ratio": "epsilon_low",
    "clip_ratio_low": "epsilon_low",
    "clip_ratio_high": "epsilon_high",
    "kl_coef": "beta",
    "kl_loss_coef": "beta",
}
"""What TRL, verl and OpenRLHF call a setting -> what it is called here; an algorithm's by its last
part. Near in meaning, not always equal: each setting's description says what it counts."""


NO_SETTING = {
    "reward_funcs": "--reward FILE.py:function",
    "custom_reward_function.path": "--reward FILE.py:function",
    "loss_type": "another algorithm, see bench algos",
    "loss_agg_mode": "another algorithm, see bench algos",
    "num_processes": "nothing to set: each run has a GPU of its own",
    "n_gpus_per_node": "nothing to set: each run has a GPU of its own",
}
"""What is a setting there and not here."""


def unknown_setting(path: str, settings: Iterable[str], where: str = "") -> UserError:
    """An error for an unknown setting, with the one that was probably meant.

    Args:
        path: as it was typed, ``optim.learning_rate``.
        settings: the path of each.   where: what it was typed in, for the sentence.
    """
    names = list(dict.fromkeys(settings))
    if "." in path and path in names:  # a key with dots in it
        sections = f"{': {'.join(path.split('.'))}: …{'}' * path.count('.')}"
        return UserError(f"Setting '{path}' is written by section in a file: {sections}.")
    section, _, last = path.rpartition(".")
    by_last: dict[str, list[str]] = {}
    for name in names:
        by_last.setdefault(name.rpartition(".")[2], []).append(name)
    both = ".".join(path.split(".")[-2:])
    if sentence := NO_SETTING.get(both) or NO_SETTING.get(last):
        return UserError(f"Unknown setting '{path}'; here that is {sentence}.")
    meant = ELSEWHERE.get(both) or ELSEWHERE.get(last, last)
    candidates = [meant] if meant in names else by_last.get(meant.rpartition(".")[2], [])
    siblings = [name for name in names if name.rpartition(".")[0] == section]
    if not candidates:
        close = difflib.get_close_matches(path, siblings, n=1, cutoff=0.7)
        candidates = close or difflib.get_close_matches(path, names, n=1, cutoff=0.8)
    if not candidates:
        candidates = [
            n for close in difflib.get_close_matches(last, by_last, n=1) for n in by_last[close]
        ]
    if candidates:
        hint = f"did you mean {' or '.join(repr(name) for name in candidates[:3])}?"
    else:
        here = siblings or [name for name in names if "." not in name]
        hint = f"there {'are' if len(here) > 1 else 'is'}: {', '.join(here)}."
    return UserError(f"Unknown setting '{path}'{f' in {where}' if where else ''}; {hint}")
