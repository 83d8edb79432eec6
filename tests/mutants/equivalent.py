"""Mutants that no test can kill, and files that are not mutated, each with the reason."""

from __future__ import annotations

from tests.mutants.equivalent_results import INT64, LAST, RESULTS

_AT_ONCE = "a digest is the same whatever is read at once"
_COPIED = "a copy is the same whatever is read at once"
_ALL_OF_IT = "either way of writing the generator's state has all of it"
_SORTED = "probs, order = scaled.detach().softmax(-1).sort(dim=-1, descending=True, stable=True)"
_ONE_MORE = "one more place, in which nothing is put and of which nothing is read"
_NO_VALUE = "what is None differs from whatever was chosen, as what is not there does"
EQUIVALENT: dict[str, str] = {
    **RESULTS,
    "harness/models/distribution.py: 27 for 26 :: SUMMED_AT_ONCE = 2**26": (
        "how much is summed at once bounds memory; the sums are exact"
    ),
    "harness/engines/readers.py: 2 for 1 :: "
    "everyone, nothing = torch.arange(len(prompts)), torch.zeros((len(prompts), 1)).long()": (
        "a prompt is packed with a response of which nothing is read, however wide its table is"
    ),
    "harness/models/head.py: Lt in len(states) <= rows :: if len(states) <= rows:": (
        "a single piece that is made again on the way back gives the same numbers"
    ),
    "harness/models/resolve.py: 2 for 1 :: while block := f.read(1 << 20):": _AT_ONCE,
    "harness/running/learner.py: no lr= in torch.optim.AdamW(self.parameters, lr=optim.lr, "
    "betas=optim.betas, … :: self.optimizer = torch.optim.AdamW(": (
        "every update sets its own rate before it is made"
    ),
    "harness/planning/arms.py: no mode= in arm.optim.model_dump(mode='json', exclude_none=True) :: "
    'own = arm.optim.model_dump(mode="json", exclude_none=True)': (
        "an arm's optimiser has numbers alone, which JSON keeps"
    ),
    "harness/models/size.py: 1 for 0 :: "
    "several = any((getattr(text, name, None) or 0) > 1 for name in THERE)": (
        "one is no more several than none is"
    ),
    "harness/growing/cold_start.py: 2 for 1 :: "
    "algorithm = Imitation(Settings(), RunInfo((), recipe.batch, 1, updates, longest))": (
        "what imitates asks for no group's size"
    ),
    "harness/rollouts/evaluation.py: 1 for 0 :: roll, most = config.rollout, 0": (
        "every evaluation holds more than one position"
    ),
    "harness/running/loop.py: Or in newest is not None and state is not None :: "
    "if newest is not None and state is not None:": (
        "a checkpoint has a state, and nothing else has"
    ),
    "harness/running/worker.py: True for False :: steps, finals = 0, False": (
        "there is no checkpoint of step 0"
    ),
    "harness/problems/promises.py: False for True :: "
    "return [replace(grade, repeatable=True) for grade in grades]": (
        "it is made the same of all grades, so that it tells none from another"
    ),
    "harness/running/intact.py: 2 for 1 :: _PIECE = 1 << 20": _AT_ONCE,
    "harness/running/intact.py: 21 for 20 :: _PIECE = 1 << 20": _AT_ONCE,
    "harness/running/intact.py: GtE in left > 0 :: "
    "while left > 0 and (piece := f.read(min(left, _PIECE))):": (
        "nothing more is read of nothing left"
    ),
    "harness/rollouts/collect.py: 2 for 1 :: text = text.split(stop, 1)[0]": (
        "of the parts only the first is read"
    ),
    "harness/rollouts/probe.py: 65 for 64 :: engine = TorchEngine(policy, rows_at_once=64)": (
        "how many rows are sampled at once changes nothing"
    ),
    "harness/rollouts/probe.py: no USub in -1 :: "
    "out[row, :length] = (picked - logits.float().logsumexp(-1)).cpu()": LAST,
    "harness/scoring/own_backend.py: no dtype= in np.array(main['correct'], dtype=np.int64) :: "
    'k, correct = main["k"], np.array(main["correct"], dtype=np.int64)': INT64,
    "harness/scoring/own_backend.py: no dtype= in np.array(other['correct'], dtype=np.int64) :: "
    "others.append(": INT64,
    "harness/scoring/score.py: no mode= in config.model.model_dump(mode='json') :: "
    "return {": "a model's settings are words",
    "harness/engines/choose.py: delete continue :: continue": "the loop goes on by itself",
    "harness/engines/kv_cache.py: no USub in -2 :: end = self._length + key_states.shape[-2]": (
        "of four dimensions the last but one is 2"
    ),
    "harness/engines/readers.py: 2 for 1 :: "
    "self.cache = slab_cache(policy.model, limit + 1)": _ONE_MORE,
    "harness/engines/readers.py: 2 for 1 :: "
    "room = torch.zeros((len(group), limit + 1), dtype=torch.bool, device=device)": _ONE_MORE,
    "harness/engines/readers.py: no dtype= in torch.zeros((len(group), limit + 1), "
    "dtype=torch.bool, device=device) :: "
    "room = torch.zeros((len(group), limit + 1), dtype=torch.bool, device=device)": (
        "the mask that it ends is cast to whole numbers anyway"
    ),
    "harness/engines/readers.py: 2 for 1 :: packed = pack([p[:-1] for p in prompts], everyone, "
    "nothing, nothing[:, 0] + 1)": "nothing is read of these responses, however long",
    "harness/engines/torch_engine.py: 1 for 0 :: self.window = max((len(s.encode()) for row in "
    "self.stops for s in row), default=0)": "asked for only where there are stops",
    "harness/engines/vllm_engine.py: no USub in -1 :: "
    "logp = logits[0, :-1].float().log_softmax(-1).cpu()": LAST,
    "harness/engines/vllm_engine.py: no USub in -1 :: "
    "ours = logp.gather(-1, ids[1:, None])[:, 0]": LAST,
    "harness/models/llama.py: IsNot in p.bias is None :: "
    "yield len({p.bias is None for p in (module.q_proj, module.k_proj, module.v_proj)}) == 1": (
        "all have one where none has none"
    ),
    "harness/models/operations.py: 1.0 for 0.0 :: "
    "parts = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward(": (
        "the CPU's kernel drops nothing on the way back"
    ),
    "harness/models/loading.py: no config= in kind.from_pretrained(folder, config=config, "
    "dtype=torch.float32, at… :: model, report = kind.from_pretrained(": (
        "it would be read from the same file once more"
    ),
    "harness/problems/load.py: 1 for 0 :: "
    "longest = max((len(group) for group in shuffled), default=0)": (
        "of no groups nothing is dealt, in however many rounds"
    ),
    "harness/tuning/search.py: 1 for 0 :: named = comparisons[0].config.targets": (
        "no candidate has a target of its own"
    ),
    "harness/tuning/apply.py: no exclude_none= in arm.optim.model_dump(exclude_none=True) :: "
    "optim = arm.optim.model_dump(exclude_none=True)": _NO_VALUE,
    "harness/tuning/apply.py: False for True :: "
    "optim = arm.optim.model_dump(exclude_none=True)": _NO_VALUE,
    "algorithms/advantage.py: 2 for 1 :: groups = int(group.max()) + 1 if len(group) else 0": (
        "a group without rows, which nobody asks for"
    ),
    "algorithms/advantage.py: 1 for 0 :: groups = int(group.max()) + 1 if len(group) else 0": (
        "a group without rows, which nobody asks for"
    ),
    "algorithms/samplers/history.py: Lt in missing <= 0 :: "
    'if self.settings.refill == "repeat" or missing <= 0:': "nothing is filled up by nobody",
    "algorithms/samplers/npr.py: 1 for 0 :: "
    "right, responses, steps = self._seen.get(prompt, [0, 0, 0])": (
        "who was never asked has waited for no step, and one is asked for at least"
    ),
    "algorithms/samplers/stages.py: 1 for 0 :: if share in (0, 1):": (
        "a stage without code has none in its pool"
    ),
    "algorithms/srpo.py: 1 for 0 :: self._step = 0": "steps are read as the time between two",
    "algorithms/surrogate.py: 2.0 for 1.0 :: return total / (denominator or 1.0)": (
        "where nothing is trained on the total is nothing"
    ),
    "harness/running/mirror.py: delete attempt.check() :: "
    "attempt.check()  # its records may be another's by now": (
        "what is prepared next is refused to whoever was superseded"
    ),
    "algorithms/random_reward.py: GtE in high > low :: "
    "share = (reward.mean() - low) / (high - low) if high > low else torch.zeros(())": (
        "where all rewards are alike so are both sides of the coin"
    ),
    "harness/models/resolve.py: 21 for 20 :: while block := f.read(1 << 20):": _AT_ONCE,
    "harness/models/text.py: True for False :: "
    "self.front = self._plain([self.anchor], special=False)": "the anchor is no special token",
    "harness/models/reading.py: no dtype= in torch.ones_like(last, dtype=torch.bool) :: "
    "first = torch.ones_like(last, dtype=torch.bool)[:, None]": (
        "the mask that it begins is cast to whole numbers anyway"
    ),
    "harness/models/head.py: no rtol= in torch.allclose(head.shaped(plain), logits, rtol=1e-05, "
    "atol=1e-05) :: if torch.allclose(head.shaped(plain), logits, rtol=1e-5, atol=1e-5):": (
        "it is the one that torch takes"
    ),
    "harness/models/distribution.py: no dim= in scaled.detach().softmax(-1).sort(dim=-1, "
    f"descending=True, stable=True) :: {_SORTED}": "it is the one that torch takes",
    "harness/models/distribution.py: no USub in -1 :: "
    "return logits.argmax(-1), torch.zeros(len(logits), device=logits.device)": LAST,
    "harness/models/distribution.py: no USub in -1 :: logp = scaled.log_softmax(-1)": LAST,
    "harness/models/distribution.py: no USub in -1 :: "
    "return token, logp.gather(-1, token[:, None]).squeeze(1)": LAST,
    "harness/models/distribution.py: no USub in -1 :: cdf = logp.double().exp().cumsum(-1)": LAST,
    "harness/models/distribution.py: no USub in -1 :: "
    "return token.clamp(max=logp.shape[-1] - 1)": LAST,
    "harness/models/distribution.py: no USub in -1 :: "
    "rows = max(SUMMED_AT_ONCE // probs.shape[-1], 1)": LAST,
    "harness/models/distribution.py: no USub in -1 :: cdf = fixed_point(part).cumsum(-1)": LAST,
    "harness/models/operations.py: no USub in -1 :: gate, up = gate_up.chunk(2, -1)": LAST,
    "harness/models/operations.py: no USub in -1 :: of_gate, of_up = out.chunk(2, -1)": LAST,
    "harness/running/promises.py: no legacy= in np.random.get_state(legacy=False) :: "
    "numbers = np.random.get_state(legacy=False)  # it is watched, not drawn from": (_ALL_OF_IT),
    "harness/running/promises.py: True for False :: "
    "numbers = np.random.get_state(legacy=False)  # it is watched, not drawn from": (_ALL_OF_IT),
    "harness/running/attempt.py: 2 for 1 :: block = old.read(min(left, 1 << 20))": _COPIED,
    "harness/running/attempt.py: 21 for 20 :: block = old.read(min(left, 1 << 20))": _COPIED,
}
"""``Mutant.key`` -> why its behaviour is the same."""

LEFT_OUT = {
    "results/report/figures/": "what a figure looks like; its numbers come from elsewhere",
    "results/report/style.py": "what the page looks like",
    "harness/engines/vllm_local.py": "needs vLLM; tests/integration/test_vllm.py runs it",
    "harness/engines/vllm_server.py": "needs vLLM; tests/integration/test_vllm.py runs it",
    "harness/engines/vllm_extension.py": "is run by vLLM's own processes",
    "harness/models/micro.py": "makes the shipped base, once; benchmarks.micro_base remakes it",
    "tasks/sandbox/inside/": "is run by the sandbox's own processes, which import it anew",
    "tasks/equivalence_worker.py": "is run by the math grader's own process",
    "tasks/strictly.py": "is imported by the math grader's own process alone",
    "harness/executors/local.py": "starts processes; tests/integration kills and resumes them",
    "harness/executors/ray.py": "needs Ray; tests/integration/test_ray.py runs it",
    "harness/executors/slurm.py": "asks Slurm; tests/integration/test_slurm.py runs it",
}
"""Beginning of a path -> why."""
