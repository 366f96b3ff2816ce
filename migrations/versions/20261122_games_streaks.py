"""Streaks and their freezes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_games_streaks"
down_revision = "20261122_games_prizes"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Add tables; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")
    _freezes()
    _repairs()
    _milestones()
    _told()


def _whose(table: str) -> tuple[sa.ForeignKeyConstraint, sa.ForeignKeyConstraint]:
    return (
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f(f"{table}_brand_id_fkey")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f(f"{table}_member_id_fkey")),
    )


def _freezes() -> None:
    op.create_table(
        "streak_freeze",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("streak", sa.Text(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("granted_at", INSTANT, nullable=False),
        sa.Column("taken_at", INSTANT, nullable=True),
        sa.CheckConstraint("units > 0", name=op.f("streak_freeze_units_check")),
        sa.CheckConstraint("taken_at >= granted_at", name=op.f("streak_freeze_taken_at_check")),
        *_whose("streak_freeze"),
        sa.PrimaryKeyConstraint("id", name=op.f("streak_freeze_pkey")),
    )
    op.create_index("streak_freeze_member_idx", "streak_freeze", ["member_id"])


def _repairs() -> None:
    op.create_table(
        "streak_repair",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("streak", sa.Text(), nullable=False),
        sa.Column("redemption_id", sa.UUID(), nullable=True),
        sa.Column("unit", sa.Integer(), nullable=True),
        sa.Column("repaired_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "(redemption_id IS NULL) = (unit IS NULL) AND unit > 0",
            name=op.f("streak_repair_unit_check"),
        ),
        *_whose("streak_repair"),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemption.id"], name=op.f("streak_repair_redemption_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("streak_repair_pkey")),
        sa.UniqueConstraint(
            "redemption_id", "unit", name=op.f("streak_repair_redemption_id_unit_key")
        ),
    )
    op.create_index("streak_repair_member_idx", "streak_repair", ["member_id"])


def _milestones() -> None:
    op.create_table(
        "streak_milestone",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("streak", sa.Text(), nullable=False),
        sa.Column("life", sa.Integer(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("time", sa.Integer(), nullable=False),
        sa.Column("on_refund", sa.Text(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("reached_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("undone_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "length > 0 AND time > 0 AND life >= 0", name=op.f("streak_milestone_numbers_check")
        ),
        sa.CheckConstraint(
            "on_refund IN ('keep', 'take_back')", name=op.f("streak_milestone_on_refund_check")
        ),
        *_whose("streak_milestone"),
        sa.PrimaryKeyConstraint("id", name=op.f("streak_milestone_pkey")),
        sa.UniqueConstraint(
            "member_id",
            "streak",
            "life",
            "length",
            "time",
            name=op.f("streak_milestone_member_id_streak_life_length_time_key"),
        ),
    )


def _told() -> None:
    op.create_table(
        "streak_told",
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("streak", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("life", sa.Integer(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("kept_on", sa.Date(), nullable=True),
        sa.Column("frozen_on", sa.Date(), nullable=True),
        sa.Column("broken_at", INSTANT, nullable=True),
        sa.CheckConstraint("length >= 0 AND life >= 0", name=op.f("streak_told_numbers_check")),
        *_whose("streak_told"),
        sa.PrimaryKeyConstraint("member_id", "streak", name=op.f("streak_told_pkey")),
        postgresql_with={"fillfactor": 80},
    )


def downgrade() -> None:
    """There is no way back: freezes would be lost."""
    raise NotImplementedError
