"""The stable names of the reasons why a mutation refuses something."""

from enum import Enum

import strawberry
from strawberry.types.enum import EnumValueDefinition


def _code(description: str) -> EnumValueDefinition:
    # A code is its name alone; the value only tells it from the others.
    return strawberry.enum_value(description, description=description)


@strawberry.enum(
    description=(
        "The stable name of the reason why something was refused. Values may be added: treat one"
        " that you don't know as a refusal."
    )
)
class ErrorCode(Enum):
    """All codes that a mutation answers with; `catalogues` has words for people for each."""

    REFUSED = _code("Refused for a reason without a name of its own; see `detail`.")
    INVALID_INPUT = _code("A value is outside what its field can hold.")
    IDEMPOTENCY_CONFLICT = _code(
        "The idempotency key was used before with another input. Take a new key for a new input."
    )
    TOO_MANY_GUESSES = _code(
        "Too much was looked for that does not exist. Wait as long as `detail` says."
    )
    NO_PROGRAMME = _code("No programme of the brand was in force at that instant.")
    PERIOD_CLOSED = _code("The books were closed over that day in this very moment. Send it again.")

    TEXT_TOO_LONG = _code("A text has more than 200 characters.")
    TEXT_UNPRINTABLE = _code("A text holds a control character.")

    AMOUNT_NEGATIVE = _code("An amount is below zero. Report returned goods as a refund.")
    AMOUNT_TOO_FINE = _code("An amount has more decimals than its currency. Round it before.")
    AMOUNT_TOO_LARGE = _code("An amount is larger than any purchase's.")
    AMOUNT_OUT_OF_RANGE = _code("An activity's amount is below zero or larger than any purchase's.")
    DISCOUNT_NEGATIVE = _code("A discount is below zero.")
    DISCOUNT_TOO_LARGE = _code("A discount is larger than any purchase's.")
    QUANTITY_OUT_OF_RANGE = _code("A quantity is not from 0 to 10⁹.")
    CURRENCY_UNKNOWN = _code("The currency is no code of ISO 4217.")
    CURRENCY_MISMATCH = _code("The brand counts in another currency. Convert the amounts before.")

    DATE_TOO_EARLY = _code("A purchase or an activity is dated before 1970.")
    DATE_IN_FUTURE = _code("A purchase or an activity is dated more than 24 hours ahead.")
    INVALID_DATE = _code("A date lies outside what its field can hold.")

    TOO_MANY_PURCHASES = _code(
        "The list of purchases is too long. Divide it over several requests."
    )
    TOO_MANY_ACTIVITIES = _code(
        "The list of activities is too long. Divide it over several requests."
    )
    TOO_MANY_MEMBERS = _code("The list of members is too long. Divide it over several requests.")
    TOO_MANY_EARNINGS = _code(
        "The list of what earned points is too long. Divide it over several requests."
    )
    TOO_MANY_ATTRIBUTES = _code("There are more than 50 attributes, or would be.")
    TOO_MANY_LINES = _code("There are more than 2,000 lines.")
    EXTERNAL_ID_EMPTY = _code("The purchase or the activity has no id.")
    EXTERNAL_ID_TOO_LONG = _code(
        "The id of the purchase or the activity has more than 200 characters."
    )
    MEMBER_EMPTY = _code("The purchase or the activity names no member.")
    UNKNOWN_MEMBER = _code(
        "Nobody is enrolled under this id; by a purchase the programme may enrol them, or not."
    )
    KIND_EMPTY = _code("The activity does not say what was done.")
    KIND_RESERVED = _code("The activity's kind is a word of our own, such as `purchase`.")
    ATTRIBUTE_UNUSABLE = _code(
        "An attribute has no name, or one that comes twice, or a number beyond 2⁵³."
    )
    ACTIVITY_CONFLICT = _code("The activity's id was recorded before with another content.")
    PURCHASE_CONFLICT = _code("The purchase's id was recorded before with another content.")
    PURCHASE_TOO_LARGE = _code("The lines sum to more than any purchase can cost.")
    AWARD_TOO_LARGE = _code("It would earn more points than an account can hold.")

    PURCHASE_NOT_FOUND = _code("No purchase is recorded under the id that is named.")
    ACTIVITY_NOT_FOUND = _code("No activity is recorded under the id that is named.")
    REFUND_AMBIGUOUS = _code("`amount` and `lines` are both given.")
    REFUND_BEFORE_PURCHASE = _code("The refund is dated before its purchase.")
    REFUND_CONFLICT = _code("The refund's id was recorded before with another content.")
    REFUND_EXCEEDS_PURCHASE = _code(
        "The refund is zero, negative or more than what is left of the purchase or of a line."
    )
    REFUND_LINES_EMPTY = _code("`lines` is an empty list. Leave it out to refund all that is left.")
    REFUND_LINES_MISMATCH = _code("The refund names a line that the purchase does not have.")

    POINTS_TOO_FINE = _code(
        "The points have more decimals than the brand's unit. Round them before."
    )
    INVALID_AMOUNT = _code("The points or the money is zero or below, or more than books can hold.")
    INVALID_DEADLINE = _code("The points or the tier to give would end before they begin.")
    INSUFFICIENT_POINTS = _code("There are not enough points for it.")

    UNKNOWN_LADDER = _code("The programme has no ladder with this code then.")
    UNKNOWN_TIER = _code("The ladder has no tier with this name then.")
    STARTS_IN_THE_PAST = _code("The tier to give would begin in the past.")
    GRANT_NOT_FOUND = _code("The brand has given no tier under this id.")

    NO_REWARDS = _code("The programme in force has no rewards.")
    NO_SUCH_REWARD = _code(
        "The programme in force has no such reward, or it has no stock to change."
    )
    NOT_LISTED = _code("Nobody can ask for the reward: it is only given.")
    NOT_YET = _code("It is too early for the reward.")
    NO_LONGER = _code("The reward's time is over.")
    TIER_REQUIRED = _code("The reward is for members of other tiers.")
    NOT_YOUR_BIRTHDAY = _code("The reward is for the days from the member's birthday on.")
    OUT_OF_STOCK = _code("There are not so many left of the reward, or of its codes.")
    LIMIT_REACHED = _code("A limit of the programme allows no more; `detail` names it.")
    INVALID_QUANTITY = _code("One can ask for 1 to 100 of a reward at a time.")
    NOT_IN_HOUSEHOLD = _code("The member is in no household, or not in this one.")
    MAY_NOT_SPEND = _code("The member's role in the household does not let them spend its points.")

    REDEMPTION_NOT_FOUND = _code(
        "The brand has no redemption under this id, or it is another member's."
    )
    NOT_WAITING = _code("The redemption waits for nobody's approval.")
    NOT_HELD = _code("The redemption is not reserved: it waits for approval, is done, or is over.")
    NOT_FULFILLED = _code("The redemption is not fulfilled, so that nothing can be returned.")
    DEADLINE_PASSED = _code("The redemption's deadline passed; its points are free again.")
    SAME_PERSON = _code("Who asked for the redemption can't approve it: another key must.")
    NOT_RETURNABLE = _code("The reward can't be returned.")
    RETURN_TOO_LATE = _code("The days in which the reward could be returned are over.")
    TOO_MANY_REDEMPTIONS = _code(
        "The list of redemptions is too long. Divide it over several requests."
    )

    VOUCHER_NOT_FOUND = _code("The brand has no voucher with this code.")
    VOUCHER_USED = _code("The voucher was used before, wholly or some of it.")
    VOUCHER_EXPIRED = _code("The voucher's time is over.")
    VOUCHER_RETURNED = _code("The voucher was given back.")
    EXCEEDS_VALUE = _code("The amount is more than is left on the voucher.")

    INVALID_UNITS = _code(
        "The stock can't change by so many: none, too many, or more than are left."
    )
    INVALID_POOL = _code("No reward of a programme can name a pool so.")
    TOO_MANY_CODES = _code("The list of codes is too long. Divide it over several requests.")
    CODE_EMPTY = _code("A code is empty.")
    CODE_TOO_LONG = _code("A code has more than 200 characters.")
    CODE_UNPRINTABLE = _code("A code holds a character that can't be printed.")

    NO_HOUSEHOLDS = _code("The programme in force has no households.")
    INVALID_NAME = _code("The name is empty, too long, or holds what can't be printed.")
    INVALID_ROLE = _code("The role can't be given: one is asked in as an adult or a child.")
    ALREADY_IN_HOUSEHOLD = _code("The member is in this household already, or in another one.")
    TOO_SOON = _code("The days that the programme makes members wait are not over.")
    NOT_THE_OWNER = _code("The member is not the owner of the household.")
    IS_THE_OWNER = _code("This is done to others: the owner leaves, or makes another the owner.")
    ALREADY_INVITED = _code("The member was asked before and can still answer.")
    HOUSEHOLD_FULL = _code("The household has as many members as the programme allows.")
    INVITATION_NOT_FOUND = _code("The member has no such invitation, or has answered it.")
    INVITATION_EXPIRED = _code("The invitation's days are over.")

    NO_REFERRALS = _code("The programme in force has no referrals.")
    UNKNOWN_CODE = _code("The code is no member's.")
    SELF_REFERRAL = _code("The code is the member's own.")
    SHARED_SIGNAL = _code("The member shares a device or the like with one who led to the code.")
    CIRCULAR_REFERRAL = _code("The member brought, through others, the one who has the code.")
    ALREADY_REFERRED = _code("The member was brought by somebody else already.")
    NOT_A_NEWCOMER = _code("The member joined too long ago, or before the one who has the code.")
    LINK_TOO_OLD = _code("The link was followed too long ago.")
    REFUSED_BY_STAFF = _code("Somebody of the brand's staff refused it.")
    TOO_MANY_IN_A_DAY = _code("So many friends in a day are looked at by the brand's staff first.")
    REFERRAL_NOT_FOUND = _code("The brand has no referral under this id.")
    NOT_IN_REVIEW = _code("The referral waits for nobody of the brand's staff.")
    TOO_MANY_REFERRALS = _code(
        "The list of decisions is too long. Divide it over several requests."
    )

    ALREADY_MERGED = _code("The two members are one already.")
    HAS_OPEN_HOLDS = _code("Open redemptions reserve points of the member.")
    IN_TWO_HOUSEHOLDS = _code("The two members are in different households.")
    MEMBER_ERASED = _code("The member was erased.")

    UNKNOWN_CHALLENGE = _code("The programme in force has no such challenge.")
    NOT_OPT_IN = _code("Nobody joins or leaves the challenge: everyone is in it.")
    CHALLENGE_OVER = _code("The challenge is over.")
    ALREADY_JOINED = _code("The member is in the challenge already.")
    NOT_JOINED = _code("The member is not in the challenge.")
    UNKNOWN_STREAK = _code("The programme in force has no such streak.")
    NO_REPAIR = _code("The streak can't be repaired.")
    NOTHING_TO_REPAIR = _code("The streak is not broken.")
    REPAIR_TOO_LATE = _code("The days in which the streak could be repaired are over.")
    REPAIR_UNPAID = _code("No free repair is left, and nothing is bought that pays for one.")
    NO_FREEZES = _code("The streak has no freezes.")
    INVALID_FREEZES = _code("One can give 1 to 100 freezes at a time.")
    UNKNOWN_BADGE = _code("The programme has no such badge.")
    UNKNOWN_LEVEL = _code("The badge has no such level.")
    ALREADY_AWARDED = _code("The member has this level of the badge already.")
    AWARD_NOT_FOUND = _code("The brand has no award under this id, or it is another member's.")
    AWARD_REVOKED = _code("The award was revoked.")
    PRIZE_NOT_FOUND = _code("The brand has no prize under this id.")
    NOT_REFUSED = _code("The prize was not refused, so that it can't be tried again.")
    BUDGET_SPENT = _code("All prizes of this kind that there are were given.")

    NO_GIFTS = _code("The programme in force has no gifts.")
    SAME_MEMBER = _code("Giver and receiver are the same member.")
    INVALID_MESSAGE = _code("The message is too long, or holds what can't be printed.")
    TOO_FEW_POINTS = _code("The points are fewer than the programme asks for.")
    TOO_MANY_POINTS = _code("The points are more than the programme allows in one gift.")

    BOARD_NOT_FOUND = _code("The programme in force has no board with this code.")
    INVALID_ALIAS = _code(
        "The alias is too short or too long, has no letter or digit, or what can't be printed."
    )
    ALIAS_TAKEN = _code("Another member has the alias.")
    ALIAS_REMOVED = _code("Staff removed the alias, and nobody can choose it again.")
    NO_ALIAS = _code("The member has no alias to remove.")
    HIDDEN_EVERYWHERE = _code(
        "The member is hidden from all boards, and can't be shown on a single one."
    )
    NOT_BANNED = _code("The member is not banned there.")
    WINDOW_NOT_FROZEN = _code("The brand has no such window, or it is not over and closed.")
    NOT_PLACED = _code("The member or the team has no place in the window.")
    ALREADY_DISQUALIFIED = _code("The place was disqualified before.")
    FLAG_NOT_FOUND = _code("The brand has no flag under this id.")
    NOT_OPEN = _code("Somebody has decided on the flag already.")
