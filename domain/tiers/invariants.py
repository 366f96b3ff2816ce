"""What must always be true of qualifying spend, as a query that must return no row."""

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
}
