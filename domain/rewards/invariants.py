"""What must always be true of redemptions and stock, as queries that must return no row."""

INVARIANTS = {
    # What never had a stock is not counted.
    "STOCK_DIFFERS_FROM_REDEMPTIONS": """
        SELECT s.brand_id, s.reward, s.taken, r.units
        FROM reward_stock s LEFT JOIN (
            SELECT brand_id, reward, sum(quantity) AS units FROM redemption
            WHERE state IN ('waiting', 'held', 'fulfilled') GROUP BY brand_id, reward
        ) AS r ON r.brand_id = s.brand_id AND r.reward = s.reward
        WHERE s.taken <> coalesce(r.units, 0)""",
    "STOCK_DIFFERS_FROM_CHANGES": """
        SELECT coalesce(s.brand_id, c.brand_id) AS brand_id, coalesce(s.reward, c.reward) AS reward,
               s.added, c.units
        FROM reward_stock s FULL JOIN (
            SELECT brand_id, reward, sum(units) AS units FROM stock_change GROUP BY brand_id, reward
        ) AS c ON c.brand_id = s.brand_id AND c.reward = s.reward
        WHERE coalesce(s.added, 0) <> coalesce(c.units, 0)""",
    "REDEMPTION_DIFFERS_FROM_PARTS": """
        SELECT r.brand_id, r.id AS redemption_id, r.points, p.points AS parts
        FROM redemption r LEFT JOIN (
            SELECT redemption_id, sum(points) AS points FROM redemption_part GROUP BY redemption_id
        ) AS p ON p.redemption_id = r.id
        WHERE r.points <> coalesce(p.points, 0)""",
    "PART_DIFFERS_FROM_HOLD": """
        SELECT r.brand_id, p.redemption_id, p.hold_id, p.points, t.amount
        FROM redemption_part p JOIN redemption r ON r.id = p.redemption_id
        LEFT JOIN transfer t ON t.id = p.hold_id AND t.kind = 1
        LEFT JOIN wallet w ON w.account_id = t.debit_account AND w.member_id = p.member_id
        WHERE w.account_id IS NULL OR t.amount <> p.points OR t.expires_at <> r.deadline""",
    # A hold past its deadline may have ended before the redemption was booked as lapsed.
    "REDEMPTION_DIFFERS_FROM_HOLDS": """
        SELECT r.brand_id, r.id AS redemption_id, r.state, p.hold_id, e.kind AS ended, e.amount
        FROM redemption r JOIN redemption_part p ON p.redemption_id = r.id
        LEFT JOIN transfer e ON e.pending_id = p.hold_id
        WHERE CASE WHEN r.state IN ('fulfilled', 'returned')
                   THEN e.kind IS DISTINCT FROM 2 OR e.amount <> p.points
                   WHEN r.state = 'cancelled' THEN e.kind IS DISTINCT FROM 3
                   ELSE e.kind IN (2, 3) END""",
    "RETURN_DIFFERS_FROM_PARTS": """
        SELECT r.brand_id, r.id AS redemption_id, r.state, sum(p.points) AS points, b.points AS back
        FROM redemption r JOIN redemption_part p ON p.redemption_id = r.id
        LEFT JOIN (
            SELECT j.brand_id, j.meta ->> 'reference' AS reference, sum(t.amount) AS points
            FROM journal j JOIN transfer t ON t.journal_id = j.id AND t.code = 'return'
            WHERE j.code = 'return' GROUP BY 1, 2
        ) AS b ON b.brand_id = r.brand_id AND b.reference = r.id::text
        GROUP BY r.id, b.points
        HAVING coalesce(b.points, 0)
               <> CASE WHEN r.state = 'returned' THEN sum(p.points) ELSE 0 END""",
    "REDEMPTION_DIFFERS_FROM_VOUCHERS": """
        SELECT r.brand_id, r.id AS redemption_id, r.state, r.kind, r.quantity, v.issued, v.returned
        FROM redemption r LEFT JOIN (
            SELECT redemption_id, count(*) AS issued, count(returned_at) AS returned
            FROM voucher GROUP BY redemption_id
        ) AS v ON v.redemption_id = r.id
        WHERE coalesce(v.issued, 0) <> CASE
                  WHEN r.state IN ('fulfilled', 'returned')
                   AND r.kind NOT IN ('donation', 'points', 'partner_status', 'game_item')
                  THEN r.quantity ELSE 0 END
           OR coalesce(v.returned, 0) <> CASE
                  WHEN r.state = 'returned' THEN coalesce(v.issued, 0) ELSE 0 END""",
    "POINTS_REWARD_DIFFERS_FROM_ACCRUAL": """
        SELECT r.brand_id, r.id AS redemption_id, r.state, count(j.id) AS accruals
        FROM redemption r LEFT JOIN journal j ON j.brand_id = r.brand_id AND j.code = 'accrual'
            AND j.meta ->> 'reference' = r.id::text AND j.meta ->> 'rule' = r.reward
        WHERE r.kind = 'points'
        GROUP BY r.id HAVING count(j.id)
               <> CASE WHEN r.state IN ('fulfilled', 'returned') THEN 1 ELSE 0 END""",
    "APPROVED_BY_WHO_ASKED": """
        SELECT brand_id, id AS redemption_id, requested_by FROM redemption
        WHERE approved_by = requested_by""",
    "DONATION_DIFFERS_FROM_CAUSE": """
        SELECT r.brand_id, r.id AS redemption_id, r.reward, a.code
        FROM redemption r JOIN redemption_part p ON p.redemption_id = r.id
        JOIN transfer t ON t.id = p.hold_id JOIN account a ON a.id = t.credit_account
        WHERE (r.kind = 'donation') <> (a.code = 'cause')""",
    "CAUSE_DIFFERS_FROM_DONATIONS": """
        WITH given AS (
            SELECT t.credit_account AS account_id, count(DISTINCT r.reward) AS rewards,
                   sum(p.points) FILTER (WHERE r.state = 'fulfilled') AS points
            FROM redemption r JOIN redemption_part p ON p.redemption_id = r.id
            JOIN transfer t ON t.id = p.hold_id WHERE r.kind = 'donation' GROUP BY 1
        ), got AS (
            SELECT a.id AS account_id, sum(t.amount) AS points
            FROM account a LEFT JOIN transfer t ON t.credit_account = a.id AND t.kind IN (0, 2)
            WHERE a.code = 'cause' GROUP BY 1
        )
        SELECT account_id, rewards, given.points AS donated, got.points
        FROM given FULL JOIN got USING (account_id)
        WHERE coalesce(rewards, 1) <> 1
           OR coalesce(given.points, 0) <> coalesce(got.points, 0)""",
}
