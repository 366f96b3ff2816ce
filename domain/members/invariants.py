"""What must always be true of members, each as a query that must return no row."""

INVARIANTS = {
    "MERGED_INTO_NOBODY": """
        SELECT m.brand_id, m.id AS member_id, m.merged_into FROM member m
        LEFT JOIN member k ON k.id = m.merged_into AND k.brand_id = m.brand_id
        WHERE m.merged_into IS NOT NULL AND (k.id IS NULL OR k.merged_into IS NOT NULL)""",
    "MERGE_DIFFERS_FROM_MEMBER": """
        SELECT coalesce(g.brand_id, m.brand_id) AS brand_id, m.id AS member_id, g.id AS merge_id
        FROM (SELECT * FROM member WHERE merged_into IS NOT NULL) AS m
        FULL JOIN member_merge g ON g.absorbed_id = m.id
        WHERE m.id IS NULL OR g.id IS NULL""",
    "MERGED_MEMBER_HAS_A_PROFILE": """
        SELECT brand_id, id AS member_id FROM member
        WHERE (merged_into IS NOT NULL OR erased_at IS NOT NULL)
          AND (display_name IS NOT NULL OR birthday IS NOT NULL OR region IS NOT NULL
               OR attributes <> '{}')""",
    "MERGED_MEMBER_HAS_SOMETHING": """
        SELECT m.brand_id, m.id AS member_id, h.what FROM member m JOIN (
            SELECT member_id, 'tally' AS what FROM tally
            UNION ALL SELECT member_id, 'cap_use' FROM cap_use
            UNION ALL SELECT member_id, 'status_grant' FROM status_grant
            UNION ALL SELECT member_id, 'redemption' FROM redemption
            UNION ALL SELECT member_id, 'voucher' FROM voucher
            UNION ALL SELECT member_id, 'automatic_reward' FROM automatic_reward
            UNION ALL SELECT member_id, 'reward_look' FROM reward_look
            UNION ALL SELECT member_id, 'household_member' FROM household_member
                      WHERE left_at IS NULL
            UNION ALL SELECT member_id, 'household_invitation' FROM household_invitation
                      WHERE answered_at IS NULL
            UNION ALL SELECT unnest(ARRAY[friend_id, referrer_id]), 'referral' FROM referral
                      WHERE state <> 'rewarded'
        ) AS h ON h.member_id = m.id
        WHERE m.merged_into IS NOT NULL""",
    "ERASED_MEMBER_HAS_A_NAME": """
        SELECT m.brand_id, m.id AS member_id, m.external_id FROM member m
        LEFT JOIN member k ON k.id = m.merged_into
        WHERE (m.erased_at IS NOT NULL AND m.external_id !~ '^\\x1e[0-9a-f]{32}$')
           OR m.merged_into IS NOT NULL
              AND (k.erased_at IS NOT NULL) <> (m.erased_at IS NOT NULL)""",
    "ERASURE_DIFFERS_FROM_MEMBER": """
        SELECT coalesce(e.brand_id, m.brand_id) AS brand_id, m.id AS member_id, e.id AS erasure_id
        FROM (SELECT * FROM member WHERE erased_at IS NOT NULL AND merged_into IS NULL) AS m
        FULL JOIN member_erasure e ON e.member_id = m.id
        WHERE m.id IS NULL OR e.id IS NULL""",
}
