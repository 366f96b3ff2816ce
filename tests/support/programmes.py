"""Valid programme files, to be bent by tests: a small one, and one that uses most settings."""

GOOD = """\
[brand]
code = "shop"
name = "The Shop"
time_zone = "America/New_York"
currency = "USD"

[enrolment]
on_first_purchase = true

[points]
code = "points"
name = "Points"
expires = "never"

[earning]
points = "1"
per = "1.00"
rounding = "floor"
base = "after_discount"

[[tiers.ladder]]
qualify_by = "spend"
window = "calendar_year"
holds = "end_of_next_window"

[[tiers.ladder.tier]]
name = "Insider"
threshold = "0"

[[tiers.ladder.tier]]
name = "VIB"
threshold = "350.00"
"""

RICH = """\
[brand]
code = "shop"
name = "The Shop"
time_zone = "America/New_York"
currency = "USD"

[enrolment]
on_first_purchase = true

[points]
code = "stars"
name = "Stars"
scale = 1
pending_days = 2
expires = { months = 6 }

[[points.tier_expiry]]
tiers = ["VIB"]
expires = "never"

[earning]
points = "1"
per = "1.00"
rounding = "floor"
base = "after_discount"
excluded_categories = ["gift card"]
stacking = "priority"

[[earning.multiplier]]
name = "Beans"
factor = "1.5"
priority = 1
categories = [
  "beans",
  "ground",
]

[[earning.multiplier]]
name = "Week"
factor = "2"
priority = 2
from = 2026-05-04
until = 2026-05-11

[[earning.rule]]
name = "Reload"
on = "reload"
when = 'event.amount >= 25.0 && tier == "VIB"'

[[earning.rule.steps]]
from = "25.00"
points = "25"

[[earning.rule.steps]]
from = "50.00"
points = "75"

[[earning.rule]]
name = "Visit"
points = "5"
group = "visits"
priority = 1

[[earning.rule]]
name = "Tuesday"
points = "10"
weekdays = ["tuesday"]
hours = "17:00-22:00"
group = "visits"
priority = 2

[[earning.rule]]
name = "Gift"
of = "base"
share = "0.25"
tiers = ["VIB"]

[[earning.rule]]
name = "Draw"
points = "50"
chance = "0.05"
seed = "spring"
expires = { months = 1 }

[[earning.cap]]
name = "Visits a day"
period = "day"
points = "20.5"
rules = ["Visit", "Tuesday"]

[[earning.cap]]
name = "Seasons"
windows = ["01-15", "06-18"]
points = "1000"
excess = "carried"

[[tiers.ladder]]
qualify_by = "spend"
window = "calendar_year"
holds = "end_of_next_window"
tier = [
  { name = "Insider", threshold = "0" },
  { name = "VIB", threshold = "350.00" },
]

[[tiers.ladder]]
code = "club"
qualify_by = "expression"
expression = 'purchases + 5 * activities["review"]'
window = "rolling"
months = 12
holds = { months = 12 }

[[tiers.ladder.tier]]
name = "Friend"
threshold = "0"

[[tiers.ladder.tier]]
name = "Critic"
threshold = "10"
keep = "5"
"""

SHARING = (
    GOOD
    + """
[[earning.rule]]
name = "Friend"
on = "referral"
points = "25"

[rewards]
approval_over = "5000"

[[rewards.category]]
code = "drinks"
name = { en = "Drinks", vi = "Đồ uống" }

[[rewards.reward]]
code = "coffee"
kind = "free_product"
name = { en = "A coffee", vi = "Một ly cà phê" }
picture = "https://example.com/coffee.png"
category = "drinks"
points = "100"
article = "COFFEE"
cost = "0.80"
valid = { days = 30 }
return_days = 14

[[rewards.reward]]
code = "card"
kind = "gift_card"
name = "Ten dollars"
points = "500"
money = "2.50"
value = "10.00"
fulfil = "by_staff"
stock = 100
tiers = ["VIB"]
from = 2026-05-08
until = 2026-06-01

[[rewards.reward.early]]
tiers = ["VIB"]
from = 2026-05-01

[[rewards.reward]]
code = "welcome"
kind = "discount"
name = "Welcome to VIB"
points = "0"
percent = "20"
listed = false

[[rewards.limit]]
name = "Ten dollars a day"
rewards = ["card"]
period = "day"
value = "10.00"

[[rewards.automatic]]
reward = "welcome"
on = "tier"
tiers = ["VIB"]

[referrals]
minimum = "20.00"
link = "https://example.com/join?friend={code}"
return_days = 30
signals = ["device"]

[[referrals.limit]]
name = "Ten friends a year"
period = "year"
times = 10

[gifts]
minimum = "10"
maximum = "1000"

[[gifts.limit]]
name = "Gifts a month"
period = "month"
points = "2000"

[households]
members = 8
"""
)
"""A valid file with all that members spend, share and bring."""
