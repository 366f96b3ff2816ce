"""What must always be true of results, people and leagues, each as a query that returns no row."""

INVARIANTS = {
    "BOARD_RESULT_IN_ANOTHER_ORDER": """
        SELECT window_id, place FROM (
            SELECT r.window_id, r.place, row_number() OVER (PARTITION BY r.window_id
                ORDER BY r.score DESC, r.reached_at, r.entity DESC) AS due
            FROM board_result r) AS o WHERE place <> due""",
    "BOARD_RESULT_OF_AN_OPEN_WINDOW": """
        SELECT DISTINCT r.window_id FROM board_result r LEFT JOIN board_window w
            ON w.id = r.window_id AND w.state IN ('closing', 'frozen') AND w.brand_id = r.brand_id
        WHERE w.id IS NULL""",
    "BOARD_RESULT_NOT_WHAT_STOOD": """
        SELECT w.id AS window_id, coalesce(r.entity, s.entity) AS entity FROM board_window w
        JOIN board_score s ON s.window_id = w.id AND s.listed
        LEFT JOIN board_result r ON r.window_id = w.id AND r.entity = s.entity
            AND r.score = s.score AND r.reached_at = s.reached_at
        WHERE w.state = 'frozen' AND r.entity IS NULL""",
    "BOARD_RESULT_WITH_ANOTHER_RANK": """
        SELECT window_id, place FROM (
            SELECT r.*, rank() OVER scores AS competition, dense_rank() OVER scores AS dense
            FROM board_result r WINDOW scores AS (PARTITION BY r.window_id ORDER BY r.score DESC)
        ) AS o WHERE rank NOT IN (place, competition, dense)""",
    "BOARD_PRIZE_NOT_OWED": """
        SELECT p.brand_id, p.id FROM board_prize p LEFT JOIN prize_due d ON d.id = p.id
        WHERE (p.undone_at IS NULL) <> coalesce(d.state <> 'undone', false)""",
    "BOARD_PRIZE_OF_NO_PLACE": """
        SELECT p.brand_id, p.id FROM board_prize p LEFT JOIN board_result r
            ON r.window_id = p.window_id AND r.entity = p.entity AND r.score > 0
        WHERE r.entity IS NULL""",
    "BOARD_PRIZE_OF_A_DISQUALIFIED": """
        SELECT p.brand_id, p.id FROM board_prize p JOIN board_disqualification d
            ON d.window_id = p.window_id AND d.entity = p.entity
        WHERE p.undone_at IS NULL""",
    "BOARD_PRIZE_TWICE": """
        SELECT window_id, member_id, entry FROM board_prize
        GROUP BY window_id, member_id, entity, entry HAVING count(*) > 1""",
    "LEAGUE_SEAT_IN_NO_WEEK": """
        SELECT t.window_id, t.member_id FROM league_seat t
        LEFT JOIN league_week w ON w.window_id = t.window_id AND w.brand_id = t.brand_id
        WHERE w.window_id IS NULL OR w.ended_at IS NOT NULL AND t.outcome IS NULL""",
    "LEAGUE_PLACES_WITH_GAPS": """
        SELECT window_id, league, cohort FROM league_seat WHERE place IS NOT NULL
        GROUP BY window_id, league, cohort
        HAVING max(place) <> count(*) OR count(DISTINCT place) <> count(*) OR min(place) <> 1""",
    "LEAGUE_WEEKS_SIDE_BY_SIDE": """
        SELECT brand_id FROM league_week WHERE ended_at IS NULL
        GROUP BY brand_id HAVING count(*) > 1""",
}
