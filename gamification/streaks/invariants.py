"""What must always be true of streaks, each as a query that must return no row."""

INVARIANTS = {
    "STREAK_OF_ANOTHER_BRAND": """
        SELECT s.brand_id, s.id, s.member_id FROM (
            SELECT brand_id, id, member_id FROM streak_freeze
            UNION ALL SELECT brand_id, id, member_id FROM streak_repair
            UNION ALL SELECT brand_id, id, member_id FROM streak_milestone
        ) AS s JOIN member m ON m.id = s.member_id WHERE m.brand_id <> s.brand_id""",
    "STREAK_REPAIR_PAID_BY_ANOTHER": """
        SELECT s.brand_id, s.id AS repair_id, s.redemption_id FROM streak_repair s
        JOIN redemption r ON r.id = s.redemption_id
        JOIN member payer ON payer.id = r.member_id JOIN member mender ON mender.id = s.member_id
        WHERE coalesce(payer.merged_into, payer.id) <> coalesce(mender.merged_into, mender.id)
           OR s.unit > r.quantity OR r.state NOT IN ('fulfilled', 'returned')
           OR r.fulfilled_at > s.repaired_at""",
    "STREAK_MILESTONE_WITHOUT_PRIZE": """
        SELECT s.brand_id, s.id AS milestone_id, p.state FROM streak_milestone s
        LEFT JOIN prize_due p ON p.id = s.id
        WHERE CASE WHEN s.undone_at IS NULL THEN coalesce(p.state, 'undone') = 'undone'
                   ELSE p.state IN ('owed', 'held', 'paid') END""",
    "STREAK_MILESTONE_REACHED_AHEAD": """
        SELECT brand_id, id AS milestone_id FROM streak_milestone WHERE reached_at > recorded_at""",
}
"""Milestones that were ``undone`` have no prize but one that could not be taken back."""
