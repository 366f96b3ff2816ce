"""Programmes in full: activities, awards by rule, tallies by day, granted status, debts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_programmes"
down_revision = "20261121_jobs"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Add what programmes need, carry over what there is, drop what took its place."""
    # A change that can't get its lock soon must fail, not stop the shop behind it.
    op.execute("SET LOCAL lock_timeout = '4s'")
    _members_and_wallets()
    _activities()
    _awards()
    _caps()
    _tallies()
    _warnings()


def downgrade() -> None:
    """There is no way back: what each rule gave would be lost."""
    raise NotImplementedError


def _members_and_wallets() -> None:
    op.add_column("member", sa.Column("birthday", sa.Date()))
    op.add_column("member", sa.Column("region", sa.Text()))
    op.add_column(
        "member",
        sa.Column("attributes", postgresql.JSONB(), server_default="{}", nullable=False),
    )
    op.create_table(
        "member_move",
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("moved_at", INSTANT, nullable=False),
        sa.Column("region", sa.Text()),
        sa.PrimaryKeyConstraint("member_id", "moved_at", name=op.f("member_move_pkey")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("member_move_member_id_fkey")
        ),
    )
    op.add_column("wallet", sa.Column("debt", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("lot", sa.Column("fixed", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("lot", sa.Column("version_id", sa.BigInteger()))
    op.add_column("lot", sa.Column("release_days", sa.SmallInteger()))
    op.add_column("lot", sa.Column("expired", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("lot", sa.Column("forgone", sa.BigInteger(), server_default="0", nullable=False))
    op.create_check_constraint("forgone", "lot", "forgone BETWEEN 0 AND amount")
    op.execute(
        "UPDATE lot SET expired = u.amount FROM ("
        " SELECT lot_id, sum(amount) AS amount FROM lot_use"
        " JOIN journal j ON j.id = journal_id AND j.code = 'expiry' GROUP BY lot_id"
        ") AS u WHERE u.lot_id = lot.id"
    )
    op.create_check_constraint(
        "expired", "lot", "expired >= 0 AND remaining + held + expired <= amount"
    )
    op.drop_index("lot_open_idx", "lot")
    op.create_index(
        "lot_open_idx",
        "lot",
        ["account_id", "expires_at", "id"],
        postgresql_where=sa.text("remaining > 0 OR held > 0"),
    )
    op.create_index(
        "lot_expired_idx",
        "lot",
        ["account_id", "expires_at"],
        postgresql_where=sa.text("expired > 0"),
    )
    op.create_table(
        "status_grant",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("ladder", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("granted_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name=op.f("status_grant_pkey")),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("status_grant_brand_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("status_grant_member_id_fkey")
        ),
    )
    op.create_index("status_grant_member_idx", "status_grant", ["member_id"])


def _activities() -> None:
    op.create_table(
        "activity",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("attributes", postgresql.JSONB(), nullable=False),
        sa.Column("computed", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("activity_pkey")),
        sa.UniqueConstraint(
            "brand_id", "external_id", name=op.f("activity_brand_id_external_id_key")
        ),
    )
    op.create_index("activity_member_idx", "activity", ["member_id", "occurred_at", "id"])


def _awards() -> None:
    op.create_table(
        "award",
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("qualifies", sa.Boolean(), nullable=False),
        sa.Column("journal_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "rule", "part", name=op.f("award_pkey")),
        sa.UniqueConstraint("journal_id", name=op.f("award_journal_id_key")),
    )
    op.execute(
        "INSERT INTO award (event_id, rule, part, brand_id, points, qualifies, journal_id)"
        " SELECT id, 'base', 0, brand_id, points, true, journal_id FROM purchase"
        " WHERE journal_id IS NOT NULL"
    )
    op.create_table(
        "claw_back",
        sa.Column("refund_id", sa.UUID(), nullable=False),
        sa.Column("award_journal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("points_due", sa.BigInteger(), nullable=False),
        sa.Column("points_reversed", sa.BigInteger(), nullable=False),
        sa.Column("points_owed", sa.BigInteger(), nullable=False),
        sa.Column("journal_id", sa.BigInteger()),
        sa.CheckConstraint(
            "points_reversed >= 0 AND points_owed >= 0"
            " AND points_reversed + points_owed <= points_due",
            name=op.f("claw_back_points_check"),
        ),
        sa.PrimaryKeyConstraint("refund_id", "award_journal_id", name=op.f("claw_back_pkey")),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refund.id"], name=op.f("claw_back_refund_id_fkey")
        ),
    )
    op.create_index("claw_back_award_idx", "claw_back", ["award_journal_id"])
    op.execute(
        "INSERT INTO claw_back (refund_id, award_journal_id, brand_id, points_due,"
        " points_reversed, points_owed, journal_id)"
        " SELECT r.id, p.journal_id, r.brand_id, r.points_due, r.points_reversed, 0, r.journal_id"
        " FROM refund r JOIN purchase p ON p.id = r.purchase_id"
        " WHERE r.points_due > 0 AND p.journal_id IS NOT NULL"
    )
    op.add_column("purchase", sa.Column("context", postgresql.JSONB()))
    op.drop_column("purchase", "journal_id")
    op.drop_column("refund", "journal_id")


def _caps() -> None:
    op.add_column("cap_use", sa.Column("starts_at", INSTANT))
    op.execute(
        "UPDATE cap_use SET starts_at = starts_on::timestamp AT TIME ZONE b.time_zone"
        " FROM member m JOIN brand b ON b.id = m.brand_id WHERE m.id = cap_use.member_id"
    )
    op.drop_constraint("cap_use_pkey", "cap_use")
    op.drop_column("cap_use", "starts_on")
    op.alter_column("cap_use", "starts_at", nullable=False)
    op.alter_column("cap_use", "points", new_column_name="used")
    op.execute(
        "ALTER TABLE cap_use RENAME CONSTRAINT cap_use_points_not_null TO cap_use_used_not_null"
    )
    op.create_primary_key("cap_use_pkey", "cap_use", ["member_id", "cap", "starts_at"])
    op.create_table(
        "budget_use",
        sa.Column("brand_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cap", sa.Text(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("brand_id", "cap", "starts_at", name=op.f("budget_use_pkey")),
        postgresql_with={"fillfactor": 50},
    )


def _tallies() -> None:
    op.create_table(
        "tally",
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "kind", "day", name=op.f("tally_pkey")),
        postgresql_with={"fillfactor": 80},
    )
    op.execute(
        "INSERT INTO tally (member_id, kind, day, brand_id, amount, points, count)"
        " SELECT p.member_id, 'purchase', (p.occurred_at AT TIME ZONE b.time_zone)::date,"
        " p.brand_id, sum(p.amount - coalesce(r.back, 0)), sum(p.points - coalesce(r.due, 0)),"
        " count(*) FILTER (WHERE coalesce(r.back, 0) < p.amount OR p.amount = 0)"
        " FROM purchase p JOIN brand b ON b.id = p.brand_id"
        " LEFT JOIN (SELECT purchase_id, sum(amount) AS back, sum(points_due) AS due"
        "  FROM refund GROUP BY purchase_id) AS r ON r.purchase_id = p.id"
        " GROUP BY 1, 3, 4"
    )
    op.drop_table("qualifying_spend")


def _warnings() -> None:
    op.create_table(
        "expiry_warning",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("days", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "expires_at", "days", name=op.f("expiry_warning_pkey")
        ),
    )
