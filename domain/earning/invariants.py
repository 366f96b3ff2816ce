"""What must always be true of purchases, activities and refunds: queries that return no row."""

_EVENTS = """
        SELECT brand_id, id, member_id, 'purchase' AS kind, occurred_at, amount, points, computed
        FROM purchase
        UNION ALL
        SELECT brand_id, id, member_id, kind, occurred_at, amount, points, computed FROM activity"""

INVARIANTS = {
    "TALLY_MISMATCH": f"""
        WITH taken AS (
            SELECT w.event_id, sum(w.points) FILTER (WHERE w.qualifies) AS points,
                   sum(w.points) AS given, sum(c.due) AS due,
                   sum(c.due) FILTER (WHERE w.qualifies) AS qualifying_due
            FROM award w LEFT JOIN (
                SELECT award_journal_id, sum(points_due) AS due FROM claw_back GROUP BY 1
            ) AS c ON c.award_journal_id = w.journal_id
            GROUP BY w.event_id),
        done AS (
            SELECT coalesce(m.merged_into, m.id) AS member_id, e.kind,
                   (e.occurred_at AT TIME ZONE b.time_zone)::date AS day,
                   sum(e.amount - coalesce(r.back, 0)) AS amount,
                   sum(coalesce(t.points, 0) - coalesce(t.qualifying_due, 0)) AS points,
                   count(*) - count(*) FILTER (WHERE e.kind = 'purchase'
                       AND (e.amount > 0 AND r.back = e.amount
                            OR e.amount = 0 AND t.due = t.given)) AS count
            FROM ({_EVENTS}) AS e JOIN brand b ON b.id = e.brand_id
            JOIN member m ON m.id = e.member_id
            LEFT JOIN (SELECT purchase_id, sum(amount) AS back FROM refund GROUP BY purchase_id)
                AS r ON r.purchase_id = e.id
            LEFT JOIN taken t ON t.event_id = e.id
            GROUP BY 1, 2, 3)
        SELECT t.brand_id, coalesce(t.member_id, d.member_id) AS member_id,
               coalesce(t.kind, d.kind) AS kind, coalesce(t.day, d.day) AS day,
               t.amount, d.amount AS amount_rows, t.points, d.points AS points_rows,
               t.count, d.count AS count_rows
        FROM (SELECT * FROM tally WHERE kind NOT IN ('redemption', 'adjustment')) AS t
        FULL JOIN done d ON d.member_id = t.member_id AND d.kind = t.kind AND d.day = t.day
        WHERE (t.amount, t.points, t.count) IS DISTINCT FROM (d.amount, d.points, d.count)""",
    "EVENT_DIFFERS_FROM_AWARDS": f"""
        SELECT e.brand_id, e.id AS event_id, e.points, a.points AS awarded
        FROM ({_EVENTS}) AS e LEFT JOIN (
            SELECT event_id, sum(points) AS points FROM award GROUP BY event_id
        ) AS a ON a.event_id = e.id
        WHERE e.points <> coalesce(a.points, 0) OR e.points > e.computed""",
    "AWARD_DIFFERS_FROM_ACCRUAL": """
        SELECT w.brand_id, w.event_id, w.rule, w.part, w.points, t.amount
        FROM award w LEFT JOIN transfer t ON t.journal_id = w.journal_id AND t.code = 'accrual'
        WHERE w.points IS DISTINCT FROM t.amount""",
    "AWARD_WITHOUT_EVENT": f"""
        SELECT w.brand_id, w.event_id, w.rule FROM award w
        LEFT JOIN ({_EVENTS}) AS e ON e.id = w.event_id WHERE e.id IS NULL""",
    "ACCRUAL_WITHOUT_AWARD": """
        SELECT j.brand_id, j.id AS journal_id FROM journal j
        LEFT JOIN award w ON w.journal_id = j.id
        WHERE j.code = 'accrual' AND w.event_id IS NULL
          AND NOT EXISTS (SELECT FROM refusal f WHERE f.journal_id = j.id)
          AND NOT EXISTS (SELECT FROM redemption r WHERE r.brand_id = j.brand_id
              AND r.kind = 'points' AND r.id::text = j.meta ->> 'reference')""",
    "REFUND_EXCEEDS_PURCHASE": """
        SELECT p.brand_id, p.id AS purchase_id, p.amount, sum(r.amount) AS refunded,
               p.points, sum(r.points_due) AS due
        FROM purchase p JOIN refund r ON r.purchase_id = p.id
        GROUP BY p.id HAVING sum(r.amount) > p.amount OR sum(r.points_due) > p.points""",
    "REFUND_DIFFERS_FROM_CLAW_BACKS": """
        SELECT r.brand_id, r.id AS refund_id, r.points_due, c.due, r.points_reversed, c.reversed
        FROM refund r LEFT JOIN (
            SELECT refund_id, sum(points_due) AS due, sum(points_reversed) AS reversed
            FROM claw_back GROUP BY refund_id
        ) AS c ON c.refund_id = r.id
        WHERE (r.points_due, r.points_reversed)
              IS DISTINCT FROM (coalesce(c.due, 0), coalesce(c.reversed, 0))""",
    "CLAW_BACK_EXCEEDS_AWARD": """
        SELECT w.brand_id, w.event_id, w.rule, w.part, w.points, sum(c.points_due) AS due
        FROM award w JOIN claw_back c ON c.award_journal_id = w.journal_id
        GROUP BY w.event_id, w.rule, w.part HAVING sum(c.points_due) > w.points""",
    "CLAW_BACK_DIFFERS_FROM_LEDGER": """
        SELECT c.brand_id, c.refund_id, c.points_reversed, c.points_owed, t.reversed, t.owed
        FROM claw_back c LEFT JOIN LATERAL (
            SELECT coalesce(sum(t.amount) FILTER (WHERE a.code = 'member'), 0) AS reversed,
                   coalesce(sum(t.amount) FILTER (WHERE a.code = 'debt'), 0) AS owed
            FROM transfer t JOIN account a ON a.id = t.debit_account
            WHERE t.journal_id = c.journal_id
        ) AS t ON true
        WHERE (c.points_reversed, c.points_owed) IS DISTINCT FROM (t.reversed, t.owed)""",
}
