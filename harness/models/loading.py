"""Opening a model's folder: every weight there, every shape right, and nothing in it that could not
be saved again. What does not hold is the user's error, in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models.attention import implementation
from srpo_bench.results.scratch import scratch_folder
from srpo_bench.results.text import some


def model_class(folder: Path) -> tuple[Any, type[Any]]:
    """The configuration in a folder and the class of causal language model that it names.

    Raises:
        UserError: it cannot be opened, or is no model of a kind that is trained here.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    refuse_adapter(folder)
    config = _or_user_error(folder, AutoConfig.from_pretrained)
    kind = type(config)
    name = config.model_type
    if "auto_map" in config.to_dict() and not kind.__module__.startswith("transformers."):
        raise UserError(f"{folder} needs code of its own, and no code of a model is run here.")
    if getattr(config, "quantization_config", None) is not None:
        raise UserError(f"{folder} holds quantised weights: training needs the plain ones.")
    if config.is_encoder_decoder or kind not in AutoModelForCausalLM._model_mapping:
        raise UserError(f"{folder} is no causal language model: '{name}' is of another kind.")
    return config, AutoModelForCausalLM._model_mapping[kind]


def refuse_adapter(folder: Path) -> None:
    """Refuse what PEFT saves: weights that mean nothing without those they are added to.

    Raises:
        UserError: the folder holds an adapter, beside a model or alone.
    """
    if (folder / "adapter_config.json").is_file():
        raise UserError(f"{folder} holds an adapter: merge it into its base, and name that folder.")


def open_tokenizer(folder: Path) -> Any:
    """The tokenizer in a folder.

    Raises:
        UserError: there is none that transformers can open.
    """
    from transformers import AutoTokenizer

    tokenizer = _or_user_error(folder, AutoTokenizer.from_pretrained)
    if not tokenizer("a1", add_special_tokens=False)["input_ids"]:  # made of no files
        raise UserError(f"{folder} holds no tokenizer: copy its base's there, tokenizer.json.")
    return tokenizer


def open_generation(folder: Path) -> Any:
    """What the folder says of generation: its end tokens stand there, or in its configuration."""
    from transformers import GenerationConfig

    if (folder / "generation_config.json").is_file():
        try:
            return GenerationConfig.from_pretrained(folder)
        except Exception as error:  # a broken file may raise anything
            raise UserError(
                f"{folder} has no usable generation_config.json: {_said(error)}"
            ) from error
    return GenerationConfig.from_model_config(model_class(folder)[0])


def open_model(folder: Path, device: torch.device) -> Any:
    """The model in a folder with float32 weights, on a device, ready to be trained.

    Raises:
        UserError: a weight is missing or has another shape than the configuration says.
    """
    from transformers.utils import logging

    logging.disable_progress_bar()
    config, kind = model_class(folder)
    _only_logits(config)
    threshold = logging.get_verbosity()
    logging.set_verbosity_error()  # its report of what is missing is ours to give
    try:
        model, report = kind.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            attn_implementation=implementation(kind, config, device),
            output_loading_info=True,
            ignore_mismatched_sizes=True,
        )
    except Exception as error:  # a broken file may raise anything
        raise UserError(f"{folder} could not be loaded: {_said(error)}") from error
    finally:
        logging.set_verbosity(threshold)
    if report["missing_keys"]:
        raise UserError(
            f"{folder} lacks weights of the model that its config.json describes: "
            f"{some(sorted(report['missing_keys']), 3)}."
        )
    if report["mismatched_keys"]:
        name, actual, wanted = min(report["mismatched_keys"])
        raise UserError(
            f"{folder} has {name} as {tuple(actual)}, and its config.json asks for {tuple(wanted)}."
        )
    if spare := [key for key in report["unexpected_keys"] if _is_inside(model, key)]:
        raise UserError(
            f"{folder} has weights for which the model that its config.json describes has no "
            f"place: {some(sorted(spare), 3)}. Without them it would be another model."
        )
    if report.get("conversion_errors"):
        raise UserError(f"{folder} has weights that cannot be read as its model's.")
    _make_savable(model)
    return model.to(device).eval()  # dropout off in training too: ratios must start at 1


BESIDE = ("output_router_logits", "output_attentions", "output_hidden_states")
"""What a configuration may ask of each forward pass beside logits."""


def _only_logits(config: Any) -> None:
    """Ask a model for nothing that nobody reads here: a router's balance wants masks of its own
    shape, and the attention that is chosen gives no weights away."""
    for part in {id(c): c for c in (config, config.get_text_config())}.values():
        part.return_dict = True
        for name in BESIDE:
            if getattr(part, name, False):
                setattr(part, name, False)


BUFFERS = ("inv_freq", "masked_bias")
"""What old checkpoints keep beside weights, and models make anew."""


def _is_inside(model: Any, key: str) -> bool:
    """Whether a weight that was not read lies within the model's layers. One beside them changes
    nothing: a value head, a vision tower, a head for more tokens at once."""
    modules = dict(model.named_modules())
    names = {key, f"{model.base_model_prefix}.{key}"}
    if key.endswith(BUFFERS) or names & {name for name, _ in model.named_buffers()}:
        return False
    beside = {"", model.base_model_prefix}
    parts = [name.split(".") for name in names]
    nested = {".".join(part[:i]) for part in parts for i in range(1, len(part))}
    return bool((nested & modules.keys()) - beside)


def check_savable(model: Any, tokenizer: Any) -> None:
    """Save everything but the weights once, so that no run dies at its first checkpoint.

    Raises:
        UserError: something was read that cannot be written.
    """
    with scratch_folder("bench-check-") as folder:
        try:
            model.config.save_pretrained(folder)
            if model.generation_config is not None:
                model.generation_config.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        except Exception as error:  # whatever it is, it would end every run
            raise UserError(
                f"This model could not be saved in a checkpoint: {_said(error)}"
            ) from error


def _make_savable(model: Any) -> None:
    """Settings of sampling without do_sample, and of beams without any, are read with a warning but
    never written. They are nobody's here, for rollouts and scores are sampled by our own: the flag
    is set, and what is still not written is left out, but for the special tokens."""
    from transformers import GenerationConfig

    told = model.generation_config
    if told is None or _is_written(told):
        return
    told.do_sample = True
    if not _is_written(told):
        ids = {name: getattr(told, name) for name in SPECIAL}
        model.generation_config = GenerationConfig(**ids)


SPECIAL = ("bos_token_id", "eos_token_id", "pad_token_id")


def _is_written(generation: Any) -> bool:
    try:
        generation.validate(strict=True)
    except ValueError:
        return False
    return True


def _or_user_error(folder: Path, open_it: Any) -> Any:
    try:
        return open_it(folder, trust_remote_code=False)
    except Exception as error:  # a hostile or broken file may raise anything
        text = _said(error)
        if "trust_remote_code" in str(error):
            text = "it needs code of its own, and no code of a model is run here."
        raise UserError(f"{folder} holds no model that transformers can open: {text}") from error


def _said(error: Exception) -> str:
    """The first line of an error's message, and of one that only announces the next, that too."""
    first, *more = str(error).strip().splitlines() or [type(error).__name__]
    return (f"{first} {more[0].strip()}" if first.endswith(":") and more else first)[:300]
