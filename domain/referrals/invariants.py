"""What must always be true of referrals, each as a query that must return no row."""

_SIDES = """
    SELECT r.*, s.kind, s.member_id FROM referral r
    CROSS JOIN LATERAL (VALUES ('referral', r.referrer_id), ('referred', r.friend_id))
        AS s(kind, member_id)"""

INVARIANTS = {
    # What was refused when it was recorded says so in the reason.
    "REFERRAL_REWARDED_WITHOUT_ACTIVITY": f"""
        SELECT s.brand_id, s.id AS referral_id, s.kind FROM ({_SIDES}) AS s
        LEFT JOIN (activity a JOIN member m ON m.id = a.member_id)
            ON a.brand_id = s.brand_id AND a.external_id = s.kind || ':' || s.id
            AND a.kind = s.kind AND a.occurred_at = s.rewards_at
            AND s.member_id IN (m.id, m.merged_into)
        WHERE s.state = 'rewarded' AND s.reason IS NULL AND a.id IS NULL""",
    "REFERRAL_ACTIVITY_WITHOUT_REWARD": f"""
        SELECT s.brand_id, s.id AS referral_id, s.kind FROM ({_SIDES}) AS s
        JOIN activity a ON a.brand_id = s.brand_id AND a.external_id = s.kind || ':' || s.id
        WHERE s.state <> 'rewarded'""",
    "REFERRAL_GOES_IN_A_CIRCLE": """
        WITH RECURSIVE up AS (
            SELECT brand_id, friend_id, referrer_id FROM referral WHERE state <> 'refused'
            UNION
            SELECT up.brand_id, up.friend_id, r.referrer_id FROM up
            JOIN referral r ON r.friend_id = up.referrer_id AND r.state <> 'refused'
        )
        SELECT brand_id, friend_id AS member_id FROM up WHERE friend_id = referrer_id""",
    "REFERRAL_QUALIFIED_BY_ANOTHER": """
        SELECT r.brand_id, r.id AS referral_id, r.event_id FROM referral r
        LEFT JOIN (
            SELECT p.id, m.id AS member_id, merged_into, occurred_at
            FROM purchase p JOIN member m ON m.id = p.member_id
            UNION ALL SELECT a.id, m.id, merged_into, occurred_at
            FROM activity a JOIN member m ON m.id = a.member_id
        ) AS e ON e.id = r.event_id AND r.friend_id IN (e.member_id, e.merged_into)
            AND e.occurred_at = r.qualified_at
            AND e.occurred_at >= r.claimed_at AND e.occurred_at < r.expires_at
        WHERE r.event_id IS NOT NULL AND e.id IS NULL""",
}
