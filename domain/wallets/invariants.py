"""What must always be true between lots and ledger, each as a query that must return no row."""

INVARIANTS = {
    "LOTS_DIFFER_FROM_LEDGER": """
        SELECT w.brand_id, w.account_id, b.cr - b.dr AS ledger, l.rest AS lots,
               b.dr_pending AS ledger_held, l.held AS lots_held
        FROM wallet w JOIN balance b USING (account_id)
        LEFT JOIN (SELECT account_id, sum(remaining + held) AS rest, sum(held) AS held
                   FROM lot GROUP BY account_id) AS l USING (account_id)
        WHERE b.cr - b.dr <> coalesce(l.rest, 0) OR b.dr_pending <> coalesce(l.held, 0)""",
    "LOT_DIFFERS_FROM_USES": """
        SELECT l.brand_id, l.id AS lot_id, l.amount, l.remaining, u.used, l.expired, u.lapsed
        FROM lot l LEFT JOIN (
            SELECT lot_id, sum(amount) AS used,
                   sum(amount) FILTER (WHERE j.code IN ('expiry', 'revival')) AS lapsed
            FROM lot_use JOIN journal j ON j.id = journal_id GROUP BY lot_id
        ) AS u ON u.lot_id = l.id
        WHERE l.remaining <> l.amount - coalesce(u.used, 0)
           OR l.expired <> coalesce(u.lapsed, 0)""",
    "LOT_WAITS_WRONGLY": """
        SELECT brand_id, id AS lot_id, available_at, release_days FROM lot
        WHERE (release_days IS NOT NULL) <> (available_at = '9999-01-01T00:00:00Z')""",
    "LOT_FORGOES_WHAT_IS_THERE": """
        SELECT brand_id, id AS lot_id, forgone, remaining, held, expired FROM lot
        WHERE forgone > remaining + held + expired""",
    "LOT_WITHOUT_ACCRUAL": """
        SELECT l.brand_id, l.id AS lot_id FROM lot l
        LEFT JOIN (transfer t JOIN wallet w ON w.account_id = t.credit_account)
            ON t.journal_id = l.journal_id
            AND coalesce(w.merged_into, w.account_id) = l.account_id
        WHERE t.amount IS DISTINCT FROM l.amount""",
    "DEBT_DIFFERS_FROM_LEDGER": """
        SELECT w.brand_id, w.account_id, w.debt, coalesce(b.dr - b.cr, 0) AS ledger
        FROM wallet w LEFT JOIN account a ON a.brand_id = w.brand_id AND a.asset_id = w.asset_id
            AND a.code = 'debt' AND a.owner_id = w.member_id
        LEFT JOIN balance b ON b.account_id = a.id
        WHERE w.debt <> coalesce(b.dr - b.cr, 0) OR w.debt < 0""",
    "OWED_EXCEEDS_HELD": """
        SELECT w.brand_id, w.account_id, w.owed, b.dr_pending FROM wallet w
        JOIN balance b USING (account_id) WHERE w.owed NOT BETWEEN 0 AND b.dr_pending""",
    "FORGIVEN_DIFFERS": """
        SELECT w.brand_id, w.account_id, w.forgiven, coalesce(f.points, 0) AS points
        FROM wallet w LEFT JOIN (SELECT account_id, sum(points - collected) AS points
                                 FROM forgiveness GROUP BY account_id) AS f USING (account_id)
        WHERE w.forgiven <> coalesce(f.points, 0) OR w.forgiven < 0""",
    "RETURN_EXCEEDS_SPENDING": """
        SELECT h.brand_id, h.id AS hold_id, p.amount, r.points FROM (
            SELECT hold_id, sum(t.amount) AS points FROM hold_return
            JOIN transfer t USING (journal_id) GROUP BY hold_id
        ) AS r JOIN transfer h ON h.id = r.hold_id
        LEFT JOIN transfer p ON p.pending_id = h.id AND p.kind = 2
        WHERE r.points > coalesce(p.amount, 0)""",
    # Into every lot comes back at most what the hold and its end took out of it.
    "LOT_GOT_MORE_THAN_WAS_SPENT": """
        SELECT l.brand_id, s.hold_id, s.lot_id, s.spent FROM (
            SELECT r.hold_id, u.lot_id, sum(u.amount) AS spent
            FROM (SELECT DISTINCT hold_id FROM hold_return) AS r
            CROSS JOIN LATERAL (
                SELECT journal_id FROM transfer WHERE id = r.hold_id OR pending_id = r.hold_id
                UNION ALL SELECT journal_id FROM hold_return WHERE hold_id = r.hold_id) AS step
            JOIN lot_use u ON u.journal_id = step.journal_id
            GROUP BY r.hold_id, u.lot_id
        ) AS s JOIN lot l ON l.id = s.lot_id WHERE s.spent < 0""",
    "RETURN_WITHOUT_SPENDING": """
        SELECT t.brand_id, t.journal_id, t.amount FROM transfer t
        LEFT JOIN hold_return r USING (journal_id) LEFT JOIN transfer h ON h.id = r.hold_id
        WHERE t.code = 'return' AND (t.debit_account, t.credit_account)
            IS DISTINCT FROM (h.credit_account, h.debit_account)""",
    "GIFT_WITHOUT_LOT": """
        SELECT t.brand_id, t.journal_id, t.amount FROM transfer t
        LEFT JOIN lot l ON l.journal_id = t.journal_id
        WHERE t.code = 'gift' AND l.amount IS DISTINCT FROM t.amount""",
    "MERGED_WALLET_HAS_SOMETHING": """
        SELECT w.brand_id, w.account_id, w.debt, w.owed, w.forgiven, b.cr - b.dr AS points,
               b.dr_pending, l.lots
        FROM wallet w JOIN balance b USING (account_id)
        LEFT JOIN (SELECT account_id, count(*) AS lots FROM lot GROUP BY account_id) AS l
            USING (account_id)
        WHERE w.merged_into IS NOT NULL AND (w.debt <> 0 OR w.owed <> 0 OR w.forgiven <> 0
            OR b.cr <> b.dr OR b.dr_pending <> 0 OR l.lots IS NOT NULL)""",
    "WALLET_MERGED_UNLIKE_MEMBER": """
        SELECT w.brand_id, w.account_id, w.merged_into, m.merged_into AS member_into
        FROM wallet w JOIN member m ON m.id = w.member_id
        LEFT JOIN wallet k ON k.account_id = w.merged_into
        WHERE k.member_id IS DISTINCT FROM m.merged_into OR k.asset_id <> w.asset_id
           OR k.merged_into IS NOT NULL
           OR (w.erased_at IS NULL) <> (m.erased_at IS NULL)""",
    "ERASED_WALLET_HAS_POINTS": """
        SELECT w.brand_id, w.account_id, b.cr - b.dr AS points, b.dr_pending
        FROM wallet w JOIN balance b USING (account_id)
        WHERE w.erased_at IS NOT NULL AND (b.cr <> b.dr OR b.dr_pending <> 0)""",
    "MEMBER_WITHOUT_WALLET": """
        SELECT m.brand_id, m.id AS member_id FROM member m
        LEFT JOIN wallet w ON w.member_id = m.id WHERE w.account_id IS NULL""",
    "MEMBER_ACCOUNT_WITHOUT_WALLET": """
        SELECT a.brand_id, a.id AS account_id FROM account a
        LEFT JOIN wallet w ON w.account_id = a.id AND w.member_id = a.owner_id
        WHERE a.code = 'member' AND w.account_id IS NULL""",
}
