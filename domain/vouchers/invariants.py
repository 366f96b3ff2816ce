"""What must always be true of vouchers and codes, each as a query that must return no row."""

# As `rules_code.shown` writes a code made here.
_OWN = "^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{5}$"

INVARIANTS = {
    # The use that took the rest need not be the latest: whoever waits for a lock began earlier.
    "VOUCHER_DIFFERS_FROM_USES": """
        SELECT v.brand_id, v.id AS voucher_id, v.value, v.used, u.amount, u.times, v.used_at
        FROM voucher v LEFT JOIN (
            SELECT voucher_id, count(*) AS times, sum(amount) AS amount, max(used_at) AS last,
                   count(amount) AS amounts, array_agg(used_at) AS instants
            FROM voucher_use GROUP BY voucher_id
        ) AS u ON u.voucher_id = v.id
        WHERE v.used <> coalesce(u.amount, 0)
           OR (v.used_at IS NOT NULL) <> (
               CASE WHEN v.value IS NULL THEN u.times IS NOT NULL ELSE v.used = v.value END)
           OR (v.value IS NULL AND u.times > 1)
           OR (v.value IS NULL AND u.amounts > 0)
           OR (v.returned_at IS NOT NULL AND u.times > 0)
           OR v.used_at <> ALL (u.instants) OR u.last >= v.expires_at""",
    "VOUCHER_OF_ANOTHER_BRAND": """
        SELECT v.brand_id, v.id AS voucher_id, m.brand_id AS of_member, u.brand_id AS of_use
        FROM voucher v JOIN member m ON m.id = v.member_id
        LEFT JOIN voucher_use u ON u.voucher_id = v.id
        WHERE m.brand_id <> v.brand_id OR u.brand_id <> v.brand_id""",
    "CODE_GIVEN_WITHOUT_VOUCHER": """
        SELECT c.brand_id, c.id AS code_id, c.pool, c.voucher_id FROM pool_code c
        LEFT JOIN voucher v ON v.id = c.voucher_id AND v.brand_id = c.brand_id
            AND v.code = c.code
        WHERE c.voucher_id IS NOT NULL AND v.id IS NULL""",
    "VOUCHER_WITH_ANOTHERS_CODE": f"""
        SELECT v.brand_id, v.id AS voucher_id, c.id AS code_id FROM voucher v
        LEFT JOIN pool_code c ON c.brand_id = v.brand_id AND c.code = v.code
        WHERE c.voucher_id IS DISTINCT FROM v.id
          AND (c.id IS NOT NULL OR v.code !~ '{_OWN}')""",
}
