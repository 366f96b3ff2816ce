"""What must always be true of challenges, each as a query that must return no row."""

INVARIANTS = {
    "BAR_DIFFERS_FROM_SHARES": """
        SELECT brand_id, challenge, window_key, team, version_id, day,
               coalesce(b.done, 0) AS bar, coalesce(s.done, 0) AS shares
        FROM challenge_bar b FULL JOIN (
            SELECT brand_id, challenge, window_key, team, version_id, day, sum(done) AS done
            FROM challenge_share GROUP BY 1, 2, 3, 4, 5, 6
        ) AS s USING (brand_id, challenge, window_key, team, version_id, day)
        WHERE coalesce(b.done, 0) <> coalesce(s.done, 0)""",
    "SHARE_OF_ANOTHER_BRAND": """
        SELECT s.brand_id, s.challenge, s.member_id FROM challenge_share s
        JOIN member m ON m.id = s.member_id WHERE m.brand_id <> s.brand_id""",
    "MARK_WITHOUT_DONE": """
        SELECT m.brand_id, m.challenge, m.window_key, m.team, m.level FROM challenge_mark m
        WHERE m.reached_on IS NOT NULL AND NOT EXISTS (
            SELECT FROM challenge_bar b
            WHERE (b.brand_id, b.challenge, b.window_key, b.team, b.version_id, b.day)
                = (m.brand_id, m.challenge, m.window_key, m.team, m.version_id, m.reached_on)
              AND b.done > 0)""",
    "COMPLETION_WITHOUT_PRIZE": """
        SELECT c.brand_id, c.id AS completion_id, c.challenge, p.prize_id
        FROM challenge_completion c CROSS JOIN unnest(c.prize_ids) AS p (prize_id)
        LEFT JOIN prize_due d ON d.id = p.prize_id AND d.source = 'challenge:' || c.challenge
        LEFT JOIN member m ON m.id = c.member_id
        LEFT JOIN member o ON o.id = d.member_id
        WHERE c.state = 'living' AND (d.id IS NULL OR d.state = 'undone'
            OR coalesce(m.merged_into, m.id) <> coalesce(o.merged_into, o.id))""",
    "PRIZE_OF_UNDONE_COMPLETION": """
        SELECT c.brand_id, c.id AS completion_id, c.challenge, d.id AS prize_id, d.state
        FROM challenge_completion c CROSS JOIN unnest(c.prize_ids) AS p (prize_id)
        JOIN prize_due d ON d.id = p.prize_id
        WHERE c.state = 'undone' AND d.state <> 'undone'
           OR c.state = 'kept' AND d.state NOT IN ('paid', 'undone')""",
    "PRIZE_WITHOUT_COMPLETION": """
        SELECT d.brand_id, d.id AS prize_id, d.source FROM prize_due d
        LEFT JOIN (
            SELECT unnest(prize_ids) AS prize_id FROM challenge_completion
        ) AS p ON p.prize_id = d.id
        WHERE starts_with(d.source, 'challenge:') AND d.state <> 'undone'
          AND p.prize_id IS NULL""",
}
