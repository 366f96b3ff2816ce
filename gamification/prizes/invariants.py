"""What must always be true of prizes, each as a query that must return no row."""

INVARIANTS = {
    # Every point that games gave is in the books once, and for a prize.
    "PRIZES_DIFFER_FROM_LEDGER": """
        SELECT coalesce(p.brand_id, j.brand_id) AS brand_id, p.id AS prize_id, j.reference,
               p.given, j.points
        FROM (SELECT * FROM prize_due WHERE given > 0) AS p FULL JOIN (
            SELECT j.brand_id, j.meta ->> 'reference' AS reference, sum(t.amount) AS points
            FROM journal j JOIN transfer t ON t.journal_id = j.id
            WHERE j.code = 'prize' GROUP BY 1, 2
        ) AS j ON j.brand_id = p.brand_id AND j.reference = p.id::text
        WHERE p.given IS DISTINCT FROM j.points""",
    "PRIZES_TAKEN_DIFFER_FROM_LEDGER": """
        SELECT p.brand_id, p.id AS prize_id, p.taken, j.points
        FROM prize_due p LEFT JOIN (
            SELECT j.brand_id, j.meta ->> 'reference' AS reference, sum(t.amount) AS points
            FROM journal j JOIN transfer t ON t.journal_id = j.id
            WHERE j.code = 'claw_back' GROUP BY 1, 2
        ) AS j ON j.brand_id = p.brand_id AND j.reference = p.id::text
        WHERE p.taken <> coalesce(j.points, 0)""",
    # What the member has of it, paid and not taken back, is never more than the prize.
    "PRIZE_PAID_TWICE": """
        SELECT brand_id, id AS prize_id, points, given, taken, amount, kept_points FROM prize_due
        WHERE amount + kept_points > points OR amount + kept_points > given - taken
           OR (state = 'paid' AND amount + kept_points <> points)
           OR (state <> 'paid' AND amount <> 0)""",
    "PRIZE_DIFFERS_FROM_JOURNAL": """
        SELECT p.brand_id, p.id AS prize_id, p.amount, p.journal_id, t.amount AS posted
        FROM prize_due p LEFT JOIN transfer t ON t.journal_id = p.journal_id AND t.code = 'prize'
        WHERE p.amount <> coalesce(t.amount, 0) OR (p.amount > 0) <> (p.journal_id IS NOT NULL)""",
    "PRIZE_WITHOUT_WHAT_IT_GIVES": """
        SELECT p.brand_id, p.id AS prize_id, p.kind, p.state
        FROM prize_due p LEFT JOIN redemption r
            ON r.id = p.redemption_id AND r.brand_id = p.brand_id AND r.reward = p.code
        WHERE p.state = 'paid' AND (p.paid_at IS NULL OR p.due_at IS NOT NULL
            OR (p.kind = 'reward' AND r.id IS NULL)
            OR (p.kind = 'badge' AND p.award_id IS NULL)
            OR (p.kind = 'freeze' AND p.freeze_key IS NULL))""",
    # One redemption for each time that it was paid; those before were taken back or had ended.
    "PRIZE_REDEEMED_TWICE": """
        SELECT r.brand_id, r.automatic, p.attempt, count(*) AS redemptions
        FROM redemption r LEFT JOIN prize_due p
            ON p.brand_id = r.brand_id AND 'prize ' || p.id = r.automatic
        WHERE starts_with(r.automatic, 'prize ') GROUP BY 1, 2, 3
        HAVING count(*) > coalesce(p.attempt, 0)
            OR count(*) FILTER (WHERE r.state = 'fulfilled' AND r.id <> p.redemption_id
                AND EXISTS (SELECT FROM voucher v WHERE v.redemption_id = r.id
                            AND v.returned_at IS NULL AND v.expires_at IS NULL)) > 0""",
    "BUDGET_DIFFERS_FROM_PRIZES": """
        SELECT coalesce(b.brand_id, p.brand_id) AS brand_id, coalesce(b.name, p.budget) AS budget,
               b.used, p.prizes
        FROM prize_budget b FULL JOIN (
            SELECT brand_id, budget, count(*) AS prizes FROM prize_due WHERE counted GROUP BY 1, 2
        ) AS p ON p.brand_id = b.brand_id AND p.budget = b.name
        WHERE coalesce(b.used, 0) <> coalesce(p.prizes, 0)""",
}
