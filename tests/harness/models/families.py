"""A tiny random model of every family that transformers has and people train: made here in
milliseconds, with attention windows shorter than the texts the tests read."""

from __future__ import annotations

from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

VOCABULARY = 64
WINDOW = 8

SHAPE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
    "initializer_range": 0.3,
    "tie_word_embeddings": False,
    "bos_token_id": 1,
    "eos_token_id": 1,
    "pad_token_id": 0,
}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24}
ROUTED = {"n_routed_experts": 4, "n_shared_experts": 1, "n_group": 1, "topk_group": 1}
LATENT = {"q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8}
STATE = {"mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 8, "mamba_n_groups": 1}
DELTA = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "linear_conv_kernel_dim": 4,
}
SLIDING = {"sliding_window": WINDOW}
MIXED = {**SLIDING, "layer_types": ["sliding_attention", "full_attention"]}
LINEAR = {"layer_types": ["linear_attention", "full_attention"]}

FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    # attention to all that came before
    "llama": ("llama", {}),
    "llama-tied": ("llama", {"tie_word_embeddings": True}),
    "qwen2": ("qwen2", {}),
    "qwen3": ("qwen3", {}),
    "mistral": ("mistral", {"sliding_window": None}),
    "gemma": ("gemma", {"tie_word_embeddings": True}),
    "gpt2": ("gpt2", {"n_inner": 48, "tie_word_embeddings": True}),
    "phi": ("phi", {}),
    "phi3": ("phi3", {"sliding_window": None}),
    "smollm3": ("smollm3", {}),
    "granite": ("granite", {"logits_scaling": 4.0}),
    "cohere": ("cohere", {"logit_scale": 0.25, "tie_word_embeddings": True}),
    "olmo2": ("olmo2", {}),
    "opt": ("opt", {"ffn_dim": 48, "word_embed_proj_dim": 32}),
    "gpt_neox": ("gpt_neox", {}),
    "stablelm": ("stablelm", {}),
    "nemotron": ("nemotron", {}),
    "glm4": ("glm4", {}),
    "qwen2_moe": ("qwen2_moe", {**EXPERTS, "shared_expert_intermediate_size": 24}),
    "qwen3_moe": ("qwen3_moe", EXPERTS),
    "mixtral": ("mixtral", {"num_local_experts": 4}),
    "deepseek_v3": (
        "deepseek_v3",
        {**ROUTED, **LATENT, "v_head_dim": 8, "head_dim": 8, "num_key_value_heads": 4}
        | {"num_experts_per_tok": 2, "moe_intermediate_size": 24, "first_k_dense_replace": 1},
    ),
    "ministral3": ("ministral3", {}),
    "apertus": ("apertus", {}),
    "seed_oss": ("seed_oss", {}),
    "hunyuan": ("hunyuan_v1_dense", {}),
    "ernie4_5": ("ernie4_5", {}),
    "glm4_moe": ("glm4_moe", {**ROUTED, "num_experts_per_tok": 2, "moe_intermediate_size": 24}),
    "bitnet": ("bitnet", {}),
    "arcee": ("arcee", {}),
    "minimax_m2": ("minimax_m2", {"num_local_experts": 4, "num_experts_per_tok": 2}),
    # windows and chunks
    "mistral-window": ("mistral", SLIDING),
    "qwen2-window": ("qwen2", {**SLIDING, "use_sliding_window": True, "max_window_layers": 1}),
    "phi3-window": ("phi3", SLIDING),
    "starcoder2": ("starcoder2", SLIDING),
    "gemma2": (
        "gemma2",
        {**SLIDING, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 5.0},
    ),
    "gemma3": ("gemma3_text", MIXED),
    "gemma3n": (
        "gemma3n_text",
        {**MIXED, "num_kv_shared_layers": 0, "vocab_size_per_layer_input": VOCABULARY}
        | {
            "hidden_size_per_layer_input": 8,
            "laurel_rank": 4,
            "activation_sparsity_pattern": [0.0, 0.0],
        },
    ),
    "gemma4": (
        "gemma4_text",
        {**MIXED, "vocab_size_per_layer_input": VOCABULARY, "hidden_size_per_layer_input": 8},
    ),
    "vaultgemma": ("vaultgemma", MIXED),
    "cohere2": ("cohere2", {**MIXED, "tie_word_embeddings": True}),
    "exaone4": ("exaone4", MIXED),
    "olmo3": ("olmo3", MIXED),
    "ministral": ("ministral", MIXED),
    "llama4": (
        "llama4_text",
        {"attention_chunk_size": WINDOW, "num_local_experts": 2, "intermediate_size_mlp": 48}
        | {"layer_types": ["chunked_attention", "full_attention"]},
    ),
    # no attention but their own
    "bloom": ("bloom", {"n_head": 4, "n_layer": 2}),
    "gpt_neo": (
        "gpt_neo",
        {"num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]]}
        | {"window_size": WINDOW},
    ),
    "gptj": (
        "gptj",
        {"n_embd": 32, "n_head": 4, "n_layer": 2, "n_positions": 256, "rotary_dim": 4},
    ),
    "mpt": ("mpt", {"d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 256}),
    "gpt_oss": ("gpt_oss", {**MIXED, "num_local_experts": 4, "num_experts_per_tok": 2}),
    "granite_swa": ("granite_swa", MIXED),
    "falcon": ("falcon", {"head_dim": ...}),
    "falcon-alibi": ("falcon", {"head_dim": ..., "alibi": True}),
    # a state instead of, or beside, keys and values
    "qwen3_5": ("qwen3_5_text", {**DELTA, **LINEAR}),
    "qwen3_next": (
        "qwen3_next",
        {**DELTA, **LINEAR, **EXPERTS, "shared_expert_intermediate_size": 24},
    ),
    "lfm2": ("lfm2", {"layer_types": ["conv", "full_attention"], "block_ff_dim": 48}),
    "granite-hybrid": (
        "granitemoehybrid",
        {**STATE, "layer_types": ["mamba", "attention"], "shared_intermediate_size": 48}
        | {"num_local_experts": 0, "mamba_expand": 2},
    ),
    "nemotron_h": (
        "nemotron_h",
        {"hybrid_override_pattern": "M*-", "num_hidden_layers": 3, "mamba_num_heads": 4}
        | {"mamba_head_dim": 16, "ssm_state_size": 8, "n_groups": 1, "chunk_size": 8}
        | {"time_step_min": 1e-9},
    ),
    "olmo_hybrid": ("olmo_hybrid", {**DELTA, **LINEAR}),
    "jamba": (
        "jamba",
        {"attn_layer_period": 2, "attn_layer_offset": 1, "num_experts": 2, "mamba_d_state": 8}
        | {"use_mamba_kernels": False},
    ),
    "bamba": ("bamba", {**STATE, "attn_layer_indices": [1], "mamba_expand": 2}),
    "zamba2": (
        "zamba2",
        {"mamba_d_state": 8, "n_mamba_heads": 4, "mamba_ngroups": 1, "mamba_headdim": 16}
        | {"layers_block_type": ["mamba", "hybrid"], "num_mem_blocks": 1, "use_mem_rope": True}
        | {"time_step_min": 1e-9},
    ),
    "falcon_h1": ("falcon_h1", {**STATE, "mamba_d_ssm": 64}),
    "recurrent_gemma": (
        "recurrent_gemma",
        {
            "attention_window_size": WINDOW,
            "block_types": ["recurrent", "attention"],
            "lru_width": 32,
        },
    ),
    "mamba": ("mamba", {"state_size": 8, "time_step_rank": 4}),
    "mamba2": (
        "mamba2",
        {"state_size": 8, "num_heads": 4, "head_dim": 16, "n_groups": 1, "chunk_size": 8},
    ),
    "rwkv": ("rwkv", {}),
}


def tiny(name: str, seed: int = 0) -> Any:
    """A random model of a family, in float32."""
    kind, changes = FAMILIES[name]
    shape = {k: v for k, v in {**SHAPE, **changes}.items() if v is not ...}
    config = CONFIG_MAPPING[kind](**shape)
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
