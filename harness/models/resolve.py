"""Where a base model comes from: the shipped micro base, a Hugging Face folder, a GGUF, the hub.

Whatever it is, it ends as a local Hugging Face folder that transformers, vLLM and lm-eval open.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import platformdirs

from srpo_bench.harness.config import Model
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models.loading import model_class, open_tokenizer, refuse_adapter
from srpo_bench.harness.models.weights import INDEX, WHOLE, check_weights, weight_files
from srpo_bench.results.scratch import scratch_folder


def resolve(model: Model) -> Path:
    """A local folder for a model setting.

    Raises:
        UserError: there is nothing there, or it is no model.
    """
    if model.path == "micro":
        from srpo_bench.harness.models.micro import shipped_base

        return shipped_base()
    path = Path(model.path).expanduser()
    if path.is_file() and path.suffix == ".gguf":
        return _from_gguf(path)
    if path.is_dir():
        return _from_folder(path)
    if path.exists() or path.is_absolute() or model.path.count("/") != 1:
        raise UserError(
            f"Model '{model.path}' is neither 'micro', nor a folder with a config.json, nor a "
            ".gguf file, nor a hub id such as 'owner/name'."
        )
    return _from_hub(model)


def check(folder: Path) -> None:
    """Open everything but the weights themselves: a broken folder is found before anything runs."""
    config, _ = model_class(folder)
    tokenizer = open_tokenizer(folder)
    check_weights(folder)
    rows = config.get_text_config().vocab_size
    beyond = {t: i for t, i in tokenizer.get_vocab().items() if i >= rows}
    beyond.pop(tokenizer.pad_token, None)  # often added and never read
    if beyond:
        token, number = min(beyond.items(), key=lambda item: item[1])
        raise UserError(
            f"The tokenizer in {folder} has token {number} ({token!r}), and the model's vocabulary "
            f"ends at {rows - 1}: they do not belong together."
        )


def _from_folder(path: Path) -> Path:
    refuse_adapter(path)
    if (path / "config.json").is_file():
        if not weight_files(path):
            raise UserError(
                f"{path} has a config.json but no weights as {WHOLE} (or shards with {INDEX}); "
                "save it in that form."
            )
        return path
    ggufs = sorted(path.glob("*.gguf"))
    if len(ggufs) == 1:
        return _from_gguf(ggufs[0])
    raise UserError(f"{path} is not a model folder: it has {_instead(path, ggufs)}.")


def _instead(path: Path, ggufs: list[Path]) -> str:
    """What a folder without a model holds; trainers keep theirs one level below."""
    if ggufs:
        return f"{len(ggufs)} .gguf files: name one of them"
    below = sorted(config.parent.name for config in path.glob("*/config.json"))
    if below:
        return f"no config.json. Below it lie {', '.join(below)}: name one of these"
    return "no config.json"


def _from_gguf(path: Path) -> Path:
    """Dequantise to float32 safetensors, once; kept in the user's cache under the file's digest."""
    with path.open("rb") as f:
        if f.read(4) != b"GGUF":
            raise UserError(f"{path} is not a GGUF file.")
        name = hashlib.file_digest(f, "sha256").hexdigest()[:16]
    target = Path(platformdirs.user_cache_dir("srpo-bench")) / "models" / name
    if target.is_dir():
        return target
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name)
        tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    except (ValueError, KeyError, OSError) as error:
        raise UserError(f"{path} could not be read as a GGUF model: {error}") from error
    # The weights are plain floats now; without this they could not be saved.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None
    target.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(f".{name}.", target.parent) as made:
        finished = made / name
        model.save_pretrained(finished)
        tokenizer.save_pretrained(finished)
        try:
            finished.replace(target)
        except OSError:
            if not target.is_dir():  # another process was first
                raise
    return target


def _from_hub(model: Model) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    patterns = ["*.json", "*.safetensors", "tokenizer*", "*.jinja", "*.model", "merges.txt"]
    try:
        folder = snapshot_download(
            model.path,
            revision=model.revision,
            allow_patterns=patterns,
            ignore_patterns=["consolidated*"],  # Mistral's second copy, which is not read
        )
    except (RepositoryNotFoundError, LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise UserError(
            f"Model '{model.path}' is no local folder, and the hub did not give it "
            f"({type(error).__name__}): check the name, or name a local folder."
        ) from error
    return Path(folder)


def digest(folder: Path) -> str:
    """sha256 over what makes a base what it is: weights, configuration, tokenizer."""
    h = hashlib.sha256()
    names = (
        *("*.safetensors", "config.json", "generation_config.json", "tokenizer*", "*.jinja"),
        *("vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json", "*.model"),
    )
    for path in sorted({p for name in names for p in folder.glob(name)}):
        h.update(path.name.encode())
        with path.open("rb") as f:
            while block := f.read(1 << 20):
                h.update(block)
    return h.hexdigest()
