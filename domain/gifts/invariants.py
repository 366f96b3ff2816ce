"""What must always be true of gifts, each as a query that must return no row."""

INVARIANTS = {
    "GIFT_DIFFERS_FROM_LEDGER": """
        SELECT coalesce(g.brand_id, t.brand_id) AS brand_id,
               coalesce(g.id::text, t.gift_id) AS gift_id, g.points, t.points AS moved
        FROM gift g FULL JOIN (
            SELECT j.brand_id, j.meta ->> 'reference' AS gift_id, d.owner_id AS giver_id,
                   c.owner_id AS receiver_id, sum(t.amount) AS points
            FROM transfer t JOIN journal j ON j.id = t.journal_id
            JOIN account d ON d.id = t.debit_account JOIN account c ON c.id = t.credit_account
            WHERE t.code = 'gift' GROUP BY 1, 2, 3, 4
        ) AS t ON t.gift_id = g.id::text
            AND (t.giver_id, t.receiver_id) = (g.giver_id, g.receiver_id)
        WHERE g.points IS DISTINCT FROM t.points OR g.brand_id IS DISTINCT FROM t.brand_id""",
}
