"""What must always be true of households: queries that return no row."""

INVARIANTS = {
    "HOUSEHOLD_WITHOUT_ONE_OWNER": """
        SELECT h.brand_id, h.id AS household_id, count(p.member_id) AS owners
        FROM household h LEFT JOIN household_member p
            ON p.household_id = h.id AND p.left_at IS NULL AND p.role = 'owner'
        WHERE h.ended_at IS NULL
        GROUP BY 1, 2 HAVING count(p.member_id) <> 1""",
    "HOUSEHOLD_ENDED_AND_NOT_OVER": """
        SELECT h.brand_id, h.id AS household_id, p.member_id
        FROM household h JOIN (
            SELECT household_id, member_id FROM household_member WHERE left_at IS NULL
            UNION ALL
            SELECT household_id, member_id FROM household_invitation WHERE answered_at IS NULL
        ) AS p ON p.household_id = h.id
        WHERE h.ended_at IS NOT NULL""",
    "HOUSEHOLD_ENTERED_UNASKED": """
        SELECT h.brand_id, h.id AS household_id, p.member_id, p.entered_at
        FROM household h JOIN household_member p ON p.household_id = h.id
        LEFT JOIN household_invitation i ON i.household_id = h.id AND i.member_id = p.member_id
            AND i.accepted AND i.answered_at = p.entered_at
        WHERE i.id IS NULL AND p.entered_at <> h.founded_at""",
    "HOUSEHOLD_OF_ANOTHER_BRAND": """
        SELECT h.brand_id, h.id AS household_id, p.member_id, m.brand_id AS brand_of_member
        FROM household h JOIN household_member p ON p.household_id = h.id
        JOIN member m ON m.id = p.member_id
        WHERE m.brand_id <> h.brand_id""",
}
