"""Boards: what members did by the day, windows and their scores."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_boards_scores"
down_revision = "20261122_games_challenges"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Add tables; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("CREATE SEQUENCE board_change_seq")
    _windows()
    _scores()
    _progress()


def downgrade() -> None:
    """There is no way back: frozen windows would be lost."""
    raise NotImplementedError


def _windows() -> None:
    op.create_table(
        "board_window",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("board", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.Column("season", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("head", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("filled_to", sa.UUID()),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("frozen_at", INSTANT),
        sa.CheckConstraint(
            "(period = 'season') = (season IS NOT NULL)", name=op.f("board_window_season_check")
        ),
        sa.CheckConstraint(
            "(state = 'frozen') = (frozen_at IS NOT NULL)", name=op.f("board_window_frozen_check")
        ),
        sa.CheckConstraint(
            "period IN ('day', 'week', 'month', 'season', 'all', 'rolling')",
            name=op.f("board_window_period_check"),
        ),
        sa.CheckConstraint(
            "state IN ('filling', 'open', 'closing', 'frozen')",
            name=op.f("board_window_state_check"),
        ),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("board_window_brand_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("board_window_pkey")),
        postgresql_with={"fillfactor": 50},
    )
    # Valkey knows windows by their numbers, perhaps also those of another database, or of one that
    # was there before: it is all but sure that they begin elsewhere.
    op.execute("SELECT setval('board_window_id_seq', 1 + (random() * 1e9)::bigint)")
    op.create_index(
        "board_window_days_idx",
        "board_window",
        ["brand_id", "board", "scope", "period", "starts_on", "ends_on"],
        unique=True,
        postgresql_where=sa.text("period <> 'season'"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "board_window_ends_idx",
        "board_window",
        ["brand_id", "ends_on"],
        postgresql_where=sa.text("state <> 'frozen'"),
    )
    op.create_index(
        "board_window_filling_idx",
        "board_window",
        ["brand_id"],
        postgresql_where=sa.text("state = 'filling'"),
    )
    op.create_index(
        "board_window_rolling_idx",
        "board_window",
        ["brand_id", "ends_on"],
        postgresql_where=sa.text("period = 'rolling'"),
    )
    op.create_index("board_window_head_idx", "board_window", ["head"])
    op.create_index(
        "board_window_season_idx",
        "board_window",
        ["brand_id", "board", "scope", "season"],
        unique=True,
        postgresql_where=sa.text("period = 'season'"),
    )


def _scores() -> None:
    op.create_table(
        "board_day",
        sa.Column("brand_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("board", sa.Text(), nullable=False),
        sa.Column("entity", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", INSTANT, nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("team", sa.UUID()),
        sa.PrimaryKeyConstraint(
            "brand_id", "board", "entity", "day", "scope", name=op.f("board_day_pkey")
        ),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "board_day_day_idx",
        "board_day",
        ["brand_id", "board", "scope", "day"],
        postgresql_where=sa.text("scope <> '#'"),
    )
    op.create_index(
        "board_day_team_idx",
        "board_day",
        ["brand_id", "board", "team", "day"],
        postgresql_where=sa.text("team IS NOT NULL"),
    )
    op.create_table(
        "board_score",
        sa.Column("window_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entity", sa.UUID(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", INSTANT, nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("window_id", "entity", name=op.f("board_score_pkey")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index("board_score_seq_idx", "board_score", ["window_id", "seq"])
    op.create_table(
        "board_team",
        sa.Column("entity", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("board_team_brand_id_fkey")),
        sa.PrimaryKeyConstraint("entity", name=op.f("board_team_pkey")),
    )


def _progress() -> None:
    op.create_table(
        "board_fill",
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("shapes", postgresql.JSONB(), nullable=False),
        sa.Column("boards", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("after", sa.UUID()),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("board_fill_brand_id_fkey")),
        sa.PrimaryKeyConstraint("brand_id", name=op.f("board_fill_pkey")),
    )
    op.create_table(
        "board_look",
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("board_look_brand_id_fkey")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("board_look_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("board_look_pkey")),
    )
    op.create_index("board_look_due_idx", "board_look", ["due_at"])
