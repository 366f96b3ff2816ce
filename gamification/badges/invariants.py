"""What must always be true of awards, each as a query that must return no row."""

INVARIANTS = {
    "BADGE_HELD_TWICE": """
        SELECT brand_id, member_id, badge, level, period, count(*) AS times FROM badge_award
        WHERE revoked_at IS NULL GROUP BY brand_id, member_id, badge, level, period
        HAVING count(*) > 1""",
    "BADGE_OF_ANOTHER_BRAND": """
        SELECT a.brand_id, a.id AS award_id FROM badge_award a
        JOIN member m ON m.id = a.member_id WHERE m.brand_id <> a.brand_id""",
    "BADGE_AWARDED_AHEAD": """
        SELECT brand_id, id AS award_id FROM badge_award WHERE awarded_at > recorded_at""",
}
