"""Boards: results, leagues, aliases, bans and flags."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_boards_people"
down_revision = "20261122_boards_scores"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Add tables; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")
    _results()
    _people()
    _fair_play()
    _leagues()


def downgrade() -> None:
    """There is no way back: results would be lost."""
    raise NotImplementedError


def _results() -> None:
    op.create_table(
        "board_result",
        sa.Column("window_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("entity", sa.UUID(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", INSTANT, nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("window_id", "place", name=op.f("board_result_pkey")),
    )
    op.create_index("board_result_entity_idx", "board_result", ["entity", "window_id"], unique=True)
    op.create_table(
        "board_result_name",
        sa.Column("entity", sa.UUID(), nullable=False),
        sa.Column("window_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "window_id", name=op.f("board_result_name_pkey")),
    )
    op.create_table(
        "board_disqualification",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("window_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.UUID(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("disqualified_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("board_disqualification_brand_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("board_disqualification_pkey")),
        sa.UniqueConstraint(
            "window_id", "entity", name=op.f("board_disqualification_window_id_entity_key")
        ),
    )
    op.create_table(
        "board_prize",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("window_id", sa.BigInteger(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("entity", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("undone_at", INSTANT),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("board_prize_brand_id_fkey")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("board_prize_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("board_prize_pkey")),
    )
    op.create_index("board_prize_window_idx", "board_prize", ["window_id"])


def _people() -> None:
    op.create_table(
        "board_salt",
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("board_salt_brand_id_fkey")),
        sa.PrimaryKeyConstraint("brand_id", name=op.f("board_salt_pkey")),
    )
    op.create_table(
        "board_alias",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("set_at", INSTANT, nullable=False),
        sa.Column("removed_at", INSTANT),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("board_alias_brand_id_fkey")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("board_alias_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("board_alias_pkey")),
    )
    op.create_index(
        "board_alias_member_idx",
        "board_alias",
        ["member_id"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index("board_alias_name_idx", "board_alias", ["brand_id", "folded"], unique=True)
    op.create_table(
        "board_absence",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("board", sa.Text(), nullable=False),
        sa.Column("window_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.CheckConstraint(
            "kind IN ('hidden', 'banned', 'excluded')", name=op.f("board_absence_kind_check")
        ),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("board_absence_brand_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("board_absence_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("board_absence_pkey")),
    )
    op.create_index(
        "board_absence_open_idx",
        "board_absence",
        ["member_id", "board", "window_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "board_absence_until_idx",
        "board_absence",
        ["until"],
        postgresql_where=sa.text("ended_at IS NULL AND until IS NOT NULL"),
    )
    op.create_table(
        "board_person_change",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("board", sa.Text(), nullable=False),
        sa.Column("window_id", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("board_person_change_brand_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("board_person_change_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("board_person_change_pkey")),
    )
    op.create_index(
        "board_person_change_member_idx", "board_person_change", ["member_id", "changed_at", "id"]
    )


def _fair_play() -> None:
    op.create_table(
        "board_flag",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("from_at", INSTANT, nullable=False),
        sa.Column("upto_at", INSTANT, nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT),
        sa.Column("actor", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (actor IS NULL)",
            name=op.f("board_flag_decided_check"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'cleared', 'confirmed')", name=op.f("board_flag_state_check")
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("board_flag_brand_id_fkey")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("board_flag_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("board_flag_pkey")),
    )
    op.create_index("board_flag_brand_idx", "board_flag", ["brand_id", "state", "raised_at", "id"])
    op.create_index("board_flag_member_idx", "board_flag", ["member_id", "raised_at", "id"])


def _leagues() -> None:
    op.create_table(
        "league_member",
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("league", sa.Text()),
        sa.Column("week", sa.Integer()),
        sa.Column("away", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("league_member_brand_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("league_member_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("league_member_pkey")),
    )
    op.create_table(
        "league_seat",
        sa.Column("window_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("league", sa.Text(), nullable=False),
        sa.Column("cohort", sa.Integer(), nullable=False),
        sa.Column("seated_at", INSTANT, nullable=False),
        sa.Column("place", sa.Integer()),
        sa.Column("outcome", sa.Text()),
        sa.CheckConstraint(
            "outcome IN ('promoted', 'stayed', 'relegated')", name=op.f("league_seat_outcome_check")
        ),
        sa.CheckConstraint(
            "(place IS NULL) = (outcome IS NULL)", name=op.f("league_seat_place_check")
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("league_seat_brand_id_fkey")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("league_seat_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("window_id", "member_id", name=op.f("league_seat_pkey")),
    )
    op.create_index("league_seat_cohort_idx", "league_seat", ["window_id", "league", "cohort"])
    op.create_index("league_seat_member_idx", "league_seat", ["member_id", "window_id"])
    op.create_table(
        "league_week",
        sa.Column("window_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("week", sa.Integer(), nullable=False),
        sa.Column("seated_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("league_week_brand_id_fkey")),
        sa.PrimaryKeyConstraint("window_id", name=op.f("league_week_pkey")),
    )
    op.create_index("league_week_brand_idx", "league_week", ["brand_id", "week"], unique=True)
