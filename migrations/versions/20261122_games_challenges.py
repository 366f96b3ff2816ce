"""Challenges that members joined and completed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_games_challenges"
down_revision = "20261122_games_streaks"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Add tables; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")
    _entries()
    _completions()
    _shares()
    _bars()
    _marks()


def _entries() -> None:
    op.create_table(
        "challenge_entry",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("joined_at", INSTANT, nullable=False),
        sa.Column("left_at", INSTANT, nullable=True),
        sa.Column("left_by", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "(left_at IS NULL) = (left_by IS NULL)", name=op.f("challenge_entry_left_check")
        ),
        sa.CheckConstraint("left_at >= joined_at", name=op.f("challenge_entry_span_check")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("challenge_entry_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("challenge_entry_pkey")),
    )
    op.create_index("challenge_entry_left_idx", "challenge_entry", ["left_by"], unique=False)
    op.create_index(
        "challenge_entry_member_idx", "challenge_entry", ["member_id", "joined_at"], unique=False
    )
    op.create_index(
        "challenge_entry_open_idx",
        "challenge_entry",
        ["member_id", "challenge"],
        unique=True,
        postgresql_where=sa.text("left_at IS NULL"),
    )


def _completions() -> None:
    op.create_table(
        "challenge_completion",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("window_key", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", INSTANT, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("prize_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("settled_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "state IN ('living', 'kept', 'undone')", name=op.f("challenge_completion_state_check")
        ),
        sa.CheckConstraint(
            "round >= 1 AND points >= 0", name=op.f("challenge_completion_numbers_check")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("challenge_completion_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("challenge_completion_pkey")),
    )
    op.create_index(
        "challenge_completion_key_idx",
        "challenge_completion",
        ["member_id", "challenge", "window_key", "level", "round"],
        unique=True,
    )
    op.create_index(
        "challenge_completion_window_idx",
        "challenge_completion",
        ["brand_id", "challenge", "window_key", "member_id"],
        unique=False,
    )


def _shares() -> None:
    op.create_table(
        "challenge_share",
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("window_key", sa.Text(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("done >= 0", name=op.f("challenge_share_done_check")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("challenge_share_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "brand_id",
            "challenge",
            "window_key",
            "member_id",
            "version_id",
            "day",
            name=op.f("challenge_share_pkey"),
        ),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index("challenge_share_member_idx", "challenge_share", ["member_id"], unique=False)


def _bars() -> None:
    op.create_table(
        "challenge_bar",
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("window_key", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "brand_id",
            "challenge",
            "window_key",
            "team",
            "version_id",
            "day",
            name=op.f("challenge_bar_pkey"),
        ),
        postgresql_with={"fillfactor": 50},
    )


def _marks() -> None:
    op.create_table(
        "challenge_mark",
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("window_key", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("reached_on", sa.Date(), nullable=True),
        sa.Column("spread_after", sa.UUID(), nullable=True),
        sa.PrimaryKeyConstraint(
            "brand_id", "challenge", "window_key", "team", "level", name=op.f("challenge_mark_pkey")
        ),
    )
    op.create_index(
        "challenge_mark_spread_idx",
        "challenge_mark",
        ["brand_id"],
        unique=False,
        postgresql_where=sa.text("spread_after IS NOT NULL"),
    )


def downgrade() -> None:
    """There is no way back: completions would be lost."""
    raise NotImplementedError
