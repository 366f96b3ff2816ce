"""What must hold of days, windows and scores; each query returns the rows that break it."""

_THERE = """
    d.brand_id = w.brand_id AND d.board = w.board AND d.entity = s.entity
      AND d.day >= w.starts_on AND d.day < coalesce(w.ends_on, 'infinity')
      AND d.scope = CASE WHEN starts_with(w.scope, 'store:') THEN w.scope ELSE '' END
"""

INVARIANTS = {
    "BOARD_HEAD_NOT_THE_LATEST_CHANGE": """
        SELECT w.id AS window_id, w.head FROM board_window w
        WHERE w.head < (SELECT max(seq) FROM board_score s WHERE s.window_id = w.id)
    """,
    "BOARD_SCORE_WITHOUT_WINDOW": """
        SELECT s.window_id, s.entity FROM board_score s
        WHERE NOT EXISTS (SELECT FROM board_window w WHERE w.id = s.window_id)
    """,
    "BOARD_WINDOW_WITHOUT_DAYS": """
        SELECT id AS window_id, starts_on, ends_on FROM board_window WHERE ends_on <= starts_on
    """,
    # A board that keeps the best or the latest has no more than the sum, and no less than a day.
    "BOARD_SCORE_NOT_OF_ITS_DAYS": f"""
        SELECT s.window_id, s.entity, s.score, t.least, t.most
        FROM board_window w JOIN board_score s ON s.window_id = w.id AND s.listed
        CROSS JOIN LATERAL (
            SELECT min(d.score) AS least, sum(d.score) AS most FROM board_day d WHERE {_THERE}
        ) AS t
        WHERE w.state = 'open' AND EXISTS (
            SELECT FROM board_day b WHERE b.brand_id = w.brand_id AND b.board = w.board
        ) AND (t.least IS NULL OR s.score NOT BETWEEN t.least AND t.most)
    """,  # noqa: S608 - constants of ours
    "BOARD_TEAM_DAY_NOT_OF_ITS_MEMBERS": """
        SELECT t.board, t.entity, t.day, t.scope, t.events FROM board_day t
        JOIN board_team n ON n.entity = t.entity
        WHERE t.events <> (
            SELECT coalesce(sum(d.events), 0) FROM board_day d
            WHERE d.brand_id = t.brand_id AND d.board = t.board AND d.team = t.entity
              AND d.day = t.day AND d.scope = t.scope
        )
    """,
}
