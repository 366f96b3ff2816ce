"""A small valid programme file, to be bent by tests."""

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
