"""Which tables a programme file may have, and which model of which concept reads each."""

from domain.brands.section import BrandSection
from domain.earning.section import EarningSection
from domain.gifts.section import GiftsSection
from domain.households.section import HouseholdsSection
from domain.members.section import EnrolmentSection
from domain.programmes.rules import SectionKinds
from domain.referrals.section import ReferralsSection
from domain.rewards.section import RewardsSection
from domain.tiers.section import TiersSection
from domain.wallets.section import PointsSection
from gamification.badges.section import BadgesSection
from gamification.challenges.section import ChallengesSection
from gamification.leaderboards.section import LeaderboardsSection
from gamification.streaks.section import StreaksSection

SECTIONS: SectionKinds = {
    "brand": BrandSection,
    "enrolment": EnrolmentSection,
    "points": PointsSection,
    "earning": EarningSection,
    "tiers": TiersSection,
    "rewards": RewardsSection,
    "referrals": ReferralsSection,
    "gifts": GiftsSection,
    "households": HouseholdsSection,
    "badges": BadgesSection,
    "streaks": StreaksSection,
    "challenges": ChallengesSection,
    "leaderboards": LeaderboardsSection,
}
