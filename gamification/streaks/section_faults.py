"""What a ``[streaks]`` section can say that makes no sense."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from domain.rewards.section import RewardsSection
from domain.rewards.section_parts import Reward
from gamification.grounds.section_faults import filter_faults
from gamification.prizes.section_faults import prize_faults
from gamification.streaks.section_parts import Milestone, Path, Streak
from kit.documents import Section, find_section, no_such

Fault = tuple[Path, str]

ITEM = "game_item"
"""The kind of a reward that is used up in games."""


def faults_of(streaks: Sequence[Streak], others: Mapping[str, Section]) -> Iterator[Fault]:
    """Yield all that is wrong with the streaks of a section among the ``others`` of its file."""
    rewards = find_section(others, RewardsSection)
    known = {each.code: each for each in rewards.reward} if rewards else {}
    without = {each.code for each in streaks if not each.freezes_max}
    codes: set[str] = set()
    taken: dict[str, str] = {}
    for index, streak in enumerate(streaks):
        if streak.code in codes:
            yield ("streak", index, "code"), f"{streak.code!r} is taken by a streak before"
        codes.add(streak.code)
        for path, message in (
            *_streak_faults(streak, others),
            *_item_faults(streak, known, taken),
            *_milestone_faults(streak.milestone, others),
            *_freeze_faults(streak.milestone, without),
        ):
            yield ("streak", index, *path), message


def _streak_faults(streak: Streak, others: Mapping[str, Section]) -> Iterator[Fault]:
    yield from filter_faults(("goal",), streak.goal, others)
    if streak.weekdays and streak.every != "day":
        yield ("weekdays",), 'goes with every = "day"; for others write goal.weekdays'
    for name in ("freeze_every", "freeze_reward"):
        if getattr(streak, name) is not None and not streak.freezes_max:
            yield (name,), "needs room for freezes; set freezes_max to 1 or more"
    paid = streak.repairs_free is not None or streak.repair_reward is not None
    if streak.repair_days is not None and not paid:
        yield ("repair_days",), "needs repairs_free or repair_reward: what a repair costs"
    if streak.repair_days is None and paid:
        name = "repairs_free" if streak.repair_reward is None else "repair_reward"
        yield (name,), "goes with repair_days; add how long a break can be repaired"
    if streak.repairs_per is not None and streak.repairs_free is None:
        yield ("repairs_per",), "goes with repairs_free; add how many are free"


def _item_faults(
    streak: Streak, rewards: Mapping[str, Reward], taken: dict[str, str]
) -> Iterator[Fault]:
    for name, what in (("freeze_reward", "a freeze"), ("repair_reward", "a repair")):
        code = getattr(streak, name)
        if code is None:
            continue
        reward = rewards.get(code)
        if reward is None:
            yield (name,), f"names {no_such(code, 'reward', rewards)}"
        elif reward.kind != ITEM:
            yield (name,), f'must be a reward of kind "{ITEM}", not "{reward.kind}"'
        if code in taken:
            yield (name,), f"{code!r} is {taken[code]} already; use another"
        taken.setdefault(code, f"{what} of {streak.code!r}")


def _milestone_faults(
    milestones: Sequence[Milestone], others: Mapping[str, Section]
) -> Iterator[Fault]:
    below = 0
    for index, each in enumerate(milestones):
        path = ("milestone", index)
        yield from prize_faults((*path, "prize"), each.prize, others)
        if each.at <= below:
            yield (*path, "at"), f"must be above {below}, that of the milestone before"
        below = each.at
        if each.times is not None and not each.again:
            yield (*path, "times"), "goes with again = true; without it there is one time"


def _freeze_faults(milestones: Sequence[Milestone], without: Collection[str]) -> Iterator[Fault]:
    for index, each in enumerate(milestones):
        path = ("milestone", index, "prize")
        drawn = ((("mystery", place), part) for place, part in enumerate(each.prize.mystery))
        for place, gift in (((), each.prize), *drawn):
            if gift.freeze is not None and gift.streak in without:
                message = f"is of {gift.streak!r}, which has no room; set freezes_max"
                yield (*path, *place, "freeze"), message
