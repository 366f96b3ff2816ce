"""What a member's tier is: the names that other slices use, each told where it is made.

`rules_ladder` makes ladders of programme files, `rules_count` counts days on them, `rules_hold`
says how long a tier is held, `rules_course` which tier a member has when, and `rules_standing`
what is missing to the next.
"""

from domain.tiers.rules_course import NO_TIER, Grant, Move, Run, courses, moves, tiers_at
from domain.tiers.rules_ladder import Ladder, Ladders, Rung, ladders_of
from domain.tiers.rules_standing import Standing, standings_at

__all__ = [
    "NO_TIER",
    "Grant",
    "Ladder",
    "Ladders",
    "Move",
    "Run",
    "Rung",
    "Standing",
    "courses",
    "ladders_of",
    "moves",
    "standings_at",
    "tiers_at",
]
