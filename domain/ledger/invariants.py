"""What must always be true of the ledger, each as a query that must return no row.

They recompute from transfers alone and compare with everything that is kept beside them.
"""

_LEGS = """
leg AS (
    SELECT v.account_id, t.effective_on, t.xid, v.dr, v.cr, v.dr_pending, v.cr_pending
    FROM transfer t
    CROSS JOIN LATERAL (SELECT
        CASE WHEN t.kind IN (0, 2) THEN t.amount ELSE 0 END AS posted,
        CASE WHEN t.kind = 1 THEN t.amount ELSE 0 END - coalesce(t.pending_amount, 0) AS pending
    ) AS m
    CROSS JOIN LATERAL (VALUES (t.debit_account, m.posted, 0, m.pending, 0),
                               (t.credit_account, 0, m.posted, 0, m.pending))
        AS v(account_id, dr, cr, dr_pending, cr_pending)
)"""

INVARIANTS = {
    # 1: per asset, debits equal credits, posted and pending apart.
    "UNBALANCED_ASSET": f"""
        WITH {_LEGS}
        SELECT a.brand_id, a.asset_id, sum(dr) AS dr, sum(cr) AS cr,
               sum(dr_pending) AS dr_pending, sum(cr_pending) AS cr_pending
        FROM leg JOIN account a ON a.id = leg.account_id
        GROUP BY a.brand_id, a.asset_id
        HAVING sum(dr) <> sum(cr) OR sum(dr_pending) <> sum(cr_pending)""",
    # 2: a balance row is the sum of its transfers.
    "BALANCE_MISMATCH": f"""
        WITH {_LEGS}, total AS (
            SELECT account_id, sum(dr) AS dr, sum(cr) AS cr, sum(dr_pending) AS dr_pending,
                   sum(cr_pending) AS cr_pending FROM leg GROUP BY account_id)
        SELECT a.brand_id, a.id AS account_id, b.dr, b.cr, b.dr_pending, b.cr_pending,
               t.dr AS dr_rows, t.cr AS cr_rows
        FROM account a LEFT JOIN balance b ON b.account_id = a.id
        LEFT JOIN total t ON t.account_id = a.id
        WHERE a.mode = 0 AND (b.account_id IS NULL
            OR (b.dr, b.cr, b.dr_pending, b.cr_pending) IS DISTINCT FROM
               (coalesce(t.dr, 0), coalesce(t.cr, 0), coalesce(t.dr_pending, 0),
                coalesce(t.cr_pending, 0))
            OR b.bound <> a.bound)""",
    # 2, 23: a rollup is the sum of all transfers below its mark, skipping none.
    "ROLLUP_MISMATCH": f"""
        WITH {_LEGS}, total AS (
            SELECT account_id, sum(dr) AS dr, sum(cr) AS cr, sum(dr_pending) AS dr_pending,
                   sum(cr_pending) AS cr_pending
            FROM leg, rollup_mark m WHERE leg.xid < m.upto GROUP BY account_id)
        SELECT a.brand_id, a.id AS account_id, r.dr, r.cr, t.dr AS dr_rows, t.cr AS cr_rows
        FROM account a LEFT JOIN rollup r ON r.account_id = a.id
        LEFT JOIN total t ON t.account_id = a.id
        WHERE a.mode = 1 AND
            (coalesce(r.dr, 0), coalesce(r.cr, 0), coalesce(r.dr_pending, 0),
             coalesce(r.cr_pending, 0)) IS DISTINCT FROM
            (coalesce(t.dr, 0), coalesce(t.cr, 0), coalesce(t.dr_pending, 0),
             coalesce(t.cr_pending, 0))""",
    # 3: limits hold, holds included.
    "LIMIT_BROKEN": """
        SELECT a.brand_id, a.id AS account_id, b.dr, b.cr, b.dr_pending, b.cr_pending
        FROM account a JOIN balance b ON b.account_id = a.id
        WHERE (a.bound = 1 AND b.dr + b.dr_pending > b.cr)
           OR (a.bound = 2 AND b.cr + b.cr_pending > b.dr)""",
    # 4: a hold is resolved at most once, within its amount and accounts, in time.
    "BAD_RESOLUTION": """
        SELECT r.brand_id, r.id AS transfer_id, r.pending_id FROM transfer r
        LEFT JOIN transfer p ON p.id = r.pending_id
        WHERE r.kind >= 2 AND (p.kind IS DISTINCT FROM 1
            OR r.amount > p.amount OR r.pending_amount <> p.amount
            OR (r.kind > 2 AND r.amount <> p.amount)
            OR (r.debit_account, r.credit_account) <> (p.debit_account, p.credit_account)
            OR (r.kind = 2 AND r.recorded_at >= p.expires_at)
            OR (r.kind = 4 AND r.recorded_at < p.expires_at))
        UNION ALL
        SELECT min(brand_id), min(id), pending_id FROM transfer WHERE kind >= 2
        GROUP BY pending_id HAVING count(*) > 1""",
    # 5: the work list of deadlines has exactly the holds that nobody resolved.
    "OPEN_HOLD_MISMATCH": """
        SELECT p.brand_id, p.id AS transfer_id FROM transfer p
        LEFT JOIN transfer r ON r.pending_id = p.id
        FULL JOIN open_hold h ON h.transfer_id = p.id
        WHERE (p.kind = 1 AND r.id IS NULL) <> (h.transfer_id IS NOT NULL)
          AND (p.kind = 1 OR p.id IS NULL OR h.transfer_id IS NOT NULL)""",
    # 6: both sides of a transfer are accounts of its brand and asset.
    "FOREIGN_ACCOUNT": """
        SELECT t.brand_id, t.id AS transfer_id FROM transfer t
        LEFT JOIN account d ON d.id = t.debit_account
        LEFT JOIN account c ON c.id = t.credit_account
        LEFT JOIN asset s ON s.id = t.asset_id
        WHERE (d.brand_id, d.asset_id) IS DISTINCT FROM (t.brand_id, t.asset_id)
           OR (c.brand_id, c.asset_id) IS DISTINCT FROM (t.brand_id, t.asset_id)
           OR s.brand_id IS DISTINCT FROM t.brand_id""",
    # A transfer belongs to a journal of its brand that was not refused.
    "ORPHAN_TRANSFER": """
        SELECT t.brand_id, t.id AS transfer_id FROM transfer t
        LEFT JOIN journal j ON j.id = t.journal_id
        LEFT JOIN refusal f ON f.journal_id = t.journal_id
        WHERE j.brand_id IS DISTINCT FROM t.brand_id OR f.journal_id IS NOT NULL""",
    # A journal that was not refused has transfers.
    "EMPTY_JOURNAL": """
        SELECT j.brand_id, j.id AS journal_id FROM journal j
        WHERE NOT EXISTS (SELECT FROM transfer t WHERE t.journal_id = j.id)
          AND NOT EXISTS (SELECT FROM refusal f WHERE f.journal_id = j.id)""",
    # 9: the days of a deferred account add up to its posted rollup.
    "EFFECTIVE_DELTA_MISMATCH": """
        SELECT a.brand_id, r.account_id, r.dr, r.cr, e.dr AS dr_days, e.cr AS cr_days
        FROM rollup r JOIN account a ON a.id = r.account_id
        LEFT JOIN (SELECT account_id, sum(dr) AS dr, sum(cr) AS cr FROM effective_delta
                   GROUP BY account_id) AS e ON e.account_id = r.account_id
        WHERE (r.dr, r.cr) IS DISTINCT FROM (coalesce(e.dr, 0), coalesce(e.cr, 0))""",
    # 11, 12: a closed period's totals are still the sums of its rows.
    "CHECKPOINT_MISMATCH": f"""
        WITH {_LEGS}
        SELECT c.brand_id, c.ends_on, c.account_id, c.dr, c.cr,
               sum(leg.dr) AS dr_rows, sum(leg.cr) AS cr_rows
        FROM checkpoint c LEFT JOIN leg
            ON leg.account_id = c.account_id AND leg.effective_on <= c.ends_on
        GROUP BY c.brand_id, c.ends_on, c.account_id
        HAVING (c.dr, c.cr)
            IS DISTINCT FROM (coalesce(sum(leg.dr), 0), coalesce(sum(leg.cr), 0))""",
    # 18: a reversal moves back exactly what its journal moved.
    "BAD_REVERSAL": """
        SELECT j.brand_id, r.reversed_id, r.journal_id FROM reversal r
        JOIN journal j ON j.id = r.journal_id
        WHERE EXISTS (
            (SELECT credit_account, debit_account, asset_id, amount FROM transfer
             WHERE journal_id = r.reversed_id AND kind IN (0, 2)
             EXCEPT ALL
             SELECT debit_account, credit_account, asset_id, amount FROM transfer
             WHERE journal_id = r.journal_id)
            UNION ALL
            (SELECT debit_account, credit_account, asset_id, amount FROM transfer
             WHERE journal_id = r.journal_id
             EXCEPT ALL
             SELECT credit_account, debit_account, asset_id, amount FROM transfer
             WHERE journal_id = r.reversed_id AND kind IN (0, 2)))""",
}
