"""Which tables a programme file may have, and which model of which concept reads each."""

from domain.brands.section import BrandSection
from domain.earning.section import EarningSection
from domain.members.section import EnrolmentSection
from domain.programmes.rules import SectionKinds
from domain.tiers.section import TiersSection
from domain.wallets.section import PointsSection

SECTIONS: SectionKinds = {
    "brand": BrandSection,
    "enrolment": EnrolmentSection,
    "points": PointsSection,
    "earning": EarningSection,
    "tiers": TiersSection,
}
