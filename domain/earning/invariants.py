"""What must always be true of purchases and refunds, each as a query that must return no row."""

INVARIANTS = {
    "QUALIFYING_SPEND_MISMATCH": """
        WITH spent AS (
            SELECT p.member_id,
                   extract(year FROM p.occurred_at AT TIME ZONE b.time_zone)::int AS year,
                   sum(p.amount - coalesce(r.back, 0)) AS amount
            FROM purchase p JOIN brand b ON b.id = p.brand_id
            LEFT JOIN (SELECT purchase_id, sum(amount) AS back FROM refund GROUP BY purchase_id)
                AS r ON r.purchase_id = p.id
            GROUP BY 1, 2)
        SELECT q.brand_id, coalesce(q.member_id, s.member_id) AS member_id, q.year, q.amount,
               s.amount AS amount_rows
        FROM qualifying_spend q
        FULL JOIN spent s ON s.member_id = q.member_id AND s.year = q.year
        WHERE q.amount IS DISTINCT FROM s.amount""",
    "PURCHASE_DIFFERS_FROM_ACCRUAL": """
        SELECT p.brand_id, p.id AS purchase_id, p.points, t.amount
        FROM purchase p LEFT JOIN transfer t ON t.journal_id = p.journal_id
        WHERE p.points <> coalesce(t.amount, 0) OR (p.points > 0) <> (p.journal_id IS NOT NULL)
           OR p.points > p.computed""",
    "ACCRUAL_WITHOUT_PURCHASE": """
        SELECT j.brand_id, j.id AS journal_id FROM journal j
        LEFT JOIN purchase p ON p.journal_id = j.id
        WHERE j.code = 'accrual' AND p.id IS NULL
          AND NOT EXISTS (SELECT FROM refusal f WHERE f.journal_id = j.id)""",
    "REFUND_EXCEEDS_PURCHASE": """
        SELECT p.brand_id, p.id AS purchase_id, p.amount, sum(r.amount) AS refunded,
               p.points, sum(r.points_reversed) AS reversed
        FROM purchase p JOIN refund r ON r.purchase_id = p.id
        GROUP BY p.id HAVING sum(r.amount) > p.amount OR sum(r.points_due) > p.points""",
    "REFUND_DIFFERS_FROM_CLAW_BACK": """
        SELECT r.brand_id, r.id AS refund_id, r.points_reversed, t.amount
        FROM refund r LEFT JOIN transfer t ON t.journal_id = r.journal_id
        WHERE r.points_reversed <> coalesce(t.amount, 0)""",
}
