"""What must always be true of what was given by itself, as queries that must return no row."""

INVARIANTS = {
    # What a game gives is a prize, which the games account for.
    "GIVEN_WITHOUT_OCCASION": """
        SELECT r.brand_id, r.id AS redemption_id, r.reward, r.automatic
        FROM redemption r LEFT JOIN automatic_reward a
            ON (a.member_id, a.reward, a.occasion) = (r.member_id, r.reward, r.automatic)
        WHERE r.automatic <> 'points' AND NOT starts_with(r.automatic, 'prize ')
          AND a.member_id IS NULL""",
    "OCCASION_DIFFERS_FROM_REDEMPTION": """
        SELECT a.brand_id, a.member_id, a.reward, a.occasion, a.redemption_id
        FROM automatic_reward a LEFT JOIN redemption r ON r.id = a.redemption_id
        WHERE a.redemption_id IS NOT NULL AND (r.brand_id, r.member_id, r.reward)
              IS DISTINCT FROM (a.brand_id, a.member_id, a.reward)""",
    "GIVEN_ON_TWO_OCCASIONS": """
        SELECT redemption_id, count(*) AS occasions FROM automatic_reward
        WHERE redemption_id IS NOT NULL GROUP BY redemption_id HAVING count(*) > 1""",
    # What was undone and not used is taken back; what can't be is kept in mind for the next time.
    "UNDONE_AND_NOT_TAKEN_BACK": """
        SELECT a.brand_id, a.member_id, a.reward, a.occasion, a.redemption_id
        FROM automatic_reward a JOIN voucher v USING (redemption_id)
        WHERE a.undone_at IS NOT NULL AND v.used = 0 AND v.used_at IS NULL""",
}
