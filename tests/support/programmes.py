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

[tiers]
qualify_by = "calendar_year_spend"
holds_until = "end_of_next_year"

[[tiers.ladder]]
name = "Insider"
threshold = "0"

[[tiers.ladder]]
name = "VIB"
threshold = "350.00"
"""
