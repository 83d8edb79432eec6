"""PODS: many responses are generated, those of the most different rewards trained on."""

from __future__ import annotations

import torch
from torch import Tensor

from srpo_bench.algorithms.base import Settings, setting
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Group, Kept, More
from srpo_bench.algorithms.samplers.shuffled import Shuffled


class PODSSettings(Settings):
    """arXiv 2504.13818."""

    generated: int = setting(
        4, "responses generated for each one trained on, n/m", "arXiv 2504.13818: 64 and 16", ge=1
    )


class PODS(Shuffled[PODSSettings]):
    """Policy optimisation with down-sampling. m is the comparison's group size, n a multiple of it.

    Advantages are taken over what is kept, as in the paper.
    """

    name = "pods"
    paper = "arXiv 2504.13818"
    changes = "generates several groups' worth of responses and keeps those of largest variance"
    formula = "of n responses a prompt keep the m whose rewards have the largest variance"
    Settings = PODSSettings
    settings: PODSSettings

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """The epoch's next prompts, with n responses each."""
        size = self.settings.generated * self.info.group_size
        return [Group(prompt, size) for prompt in self.order.next(n, rng)]

    def observe(self, rollouts: Rollouts, grades: Grades) -> Kept | More:
        """m responses of every group."""
        kept = []
        for group in range(len(rollouts.prompts)):
            rows = (rollouts.group == group).nonzero().squeeze(1)
            kept.append(rows[most_varied(grades.reward[rows], self.info.group_size)])
        return Kept(rollouts, grades).pick(torch.cat(kept).sort().values)


def most_varied(reward: Tensor, m: int) -> Tensor:
    """(m,) long, ascending: the rows of ``reward`` (n,) whose variance is largest.

    They are always the i smallest and the m − i largest for some i (theorem 1 of the paper), so a
    sort and prefix sums find them. Of equal variances the one with the fewest small rewards.
    """
    ascending = reward.double().argsort(stable=True)
    value = reward.double()[ascending]
    zero = value.new_zeros(1)
    s1, s2 = (torch.cat([zero, x.cumsum(0)]) for x in (value, value.square()))
    i = torch.arange(m + 1)
    high = len(value) - (m - i)  # where the largest begin
    first, second = (s[i] + s[-1] - s[high] for s in (s1, s2))
    variance = second / m - (first / m).square()
    best = int((variance >= variance.max() - 1e-12).nonzero()[0])
    chosen = torch.cat([ascending[:best], ascending[len(value) - (m - best) :]])
    return chosen.sort().values
