"""Rewards: vouchers and their codes, redemptions, stock, gifts, households, referrals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_rewards"
down_revision = "20261122_programmes"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Add what rewards need; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.add_column(
        "wallet", sa.Column("forgiven", sa.BigInteger(), server_default="0", nullable=False)
    )
    _wallets()
    _vouchers()
    _rewards()
    _rewards_by_themselves()
    _rewards_in_time()
    _gifts()
    _households()
    _referrals()


def downgrade() -> None:
    """There is no way back: what members redeemed would be lost."""
    raise NotImplementedError


def _wallets() -> None:
    op.create_table(
        "hold_return",
        sa.Column("journal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hold_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("journal_id", name=op.f("hold_return_pkey")),
    )
    op.create_index(op.f("hold_return_hold_id_idx"), "hold_return", ["hold_id"])
    op.create_table(
        "forgiveness",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("forgiven_at", INSTANT, nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("collected", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "points > 0 AND collected BETWEEN 0 AND points", name=op.f("forgiveness_points_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("forgiveness_pkey")),
    )
    op.create_index(
        "forgiveness_open_idx",
        "forgiveness",
        ["account_id", "id"],
        postgresql_where=sa.text("collected < points"),
    )


def _vouchers() -> None:
    op.create_table(
        "pool_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("voucher_id", sa.UUID()),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("pool_code_brand_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("pool_code_pkey")),
        sa.UniqueConstraint("brand_id", "code", name=op.f("pool_code_brand_id_code_key")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "pool_code_free_idx",
        "pool_code",
        ["brand_id", "pool", "id"],
        postgresql_where=sa.text("voucher_id IS NULL"),
    )
    op.create_index(
        "pool_code_voucher_idx",
        "pool_code",
        ["voucher_id"],
        unique=True,
        postgresql_where=sa.text("voucher_id IS NOT NULL"),
    )
    op.create_table(
        "voucher",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("redemption_id", sa.UUID(), nullable=False),
        sa.Column("reward", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger()),
        sa.Column("used", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("used_at", INSTANT),
        sa.Column("returned_at", INSTANT),
        sa.CheckConstraint("returned_at IS NULL OR used = 0", name=op.f("voucher_returned_check")),
        sa.CheckConstraint(
            "used >= 0 AND used <= coalesce(value, 0)", name=op.f("voucher_used_check")
        ),
        sa.CheckConstraint(
            "used_at IS NULL OR returned_at IS NULL", name=op.f("voucher_end_check")
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("voucher_brand_id_fkey")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("voucher_member_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("voucher_pkey")),
        sa.UniqueConstraint("brand_id", "code", name=op.f("voucher_brand_id_code_key")),
    )
    op.create_index("voucher_member_idx", "voucher", ["member_id", "issued_at", "id"])
    op.create_index("voucher_redemption_idx", "voucher", ["redemption_id"])
    op.create_table(
        "voucher_use",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("voucher_id", sa.UUID(), nullable=False),
        sa.Column("amount", sa.BigInteger()),
        sa.Column("rest", sa.BigInteger()),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["voucher_id"], ["voucher.id"], name=op.f("voucher_use_voucher_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("voucher_use_pkey")),
    )
    op.create_index("voucher_use_voucher_idx", "voucher_use", ["voucher_id"])


def _rewards() -> None:
    op.create_table(
        "redemption",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("household_id", sa.UUID()),
        sa.Column("reward", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("money", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("automatic", sa.Text()),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("deadline", INSTANT),
        sa.Column("approved_at", INSTANT),
        sa.Column("approved_by", sa.Text()),
        sa.Column("fulfilled_at", INSTANT),
        sa.Column("fulfilled_by", sa.Text()),
        sa.Column("reference", sa.Text()),
        sa.Column("ended_at", INSTANT),
        sa.Column("ended_by", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('waiting', 'held')) = (deadline IS NOT NULL)",
            name=op.f("redemption_deadline_check"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'held', 'fulfilled', 'returned', 'cancelled', 'lapsed')",
            name=op.f("redemption_state_check"),
        ),
        sa.CheckConstraint(
            "quantity > 0 AND points >= 0 AND money >= 0", name=op.f("redemption_amounts_check")
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("redemption_brand_id_fkey")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("redemption_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("redemption_pkey")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index("redemption_brand_idx", "redemption", ["brand_id", "requested_at", "id"])
    op.create_index(
        "redemption_deadline_idx",
        "redemption",
        ["deadline"],
        postgresql_where=sa.text("deadline IS NOT NULL"),
    )
    op.create_index("redemption_member_idx", "redemption", ["member_id", "requested_at", "id"])
    op.create_index("redemption_reward_idx", "redemption", ["brand_id", "reward", "member_id"])
    op.create_table(
        "redemption_part",
        sa.Column("redemption_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("hold_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("redemption_part_points_check")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("redemption_part_member_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemption.id"], name=op.f("redemption_part_redemption_id_fkey")
        ),
        sa.PrimaryKeyConstraint("redemption_id", "member_id", name=op.f("redemption_part_pkey")),
    )
    op.create_index("redemption_part_hold_idx", "redemption_part", ["hold_id"], unique=True)
    op.create_table(
        "redemption_step",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("redemption_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("taken_at", INSTANT, nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemption.id"], name=op.f("redemption_step_redemption_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("redemption_step_pkey")),
    )
    op.create_index(
        "redemption_step_redemption_idx", "redemption_step", ["redemption_id", "taken_at"]
    )


def _rewards_by_themselves() -> None:
    op.create_table(
        "reward_stock",
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("reward", sa.Text(), nullable=False),
        sa.Column("taken", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("added", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("taken >= 0", name=op.f("reward_stock_taken_check")),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("reward_stock_brand_id_fkey")
        ),
        sa.PrimaryKeyConstraint("brand_id", "reward", name=op.f("reward_stock_pkey")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "stock_change",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("reward", sa.Text(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("stock_change_brand_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("stock_change_pkey")),
    )
    op.create_index("stock_change_reward_idx", "stock_change", ["brand_id", "reward", "changed_at"])
    op.create_table(
        "automatic_reward",
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("reward", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("redemption_id", sa.UUID()),
        sa.Column("refusal", sa.Text()),
        sa.Column("ladder", sa.Text()),
        sa.Column("tier", sa.Text()),
        sa.Column("before", sa.Text()),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("undone_at", INSTANT),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("automatic_reward_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "member_id", "reward", "occasion", name=op.f("automatic_reward_pkey")
        ),
    )


def _rewards_in_time() -> None:
    op.create_table(
        "reward_look",
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("reward_look_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("reward_look_pkey")),
    )
    op.create_index("reward_look_due_idx", "reward_look", ["due_at"])
    op.create_table(
        "reward_start",
        sa.Column("brand_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("reward_start_brand_id_fkey")
        ),
        sa.PrimaryKeyConstraint("brand_id", name=op.f("reward_start_pkey")),
    )
    op.create_index(
        "member_birthday_idx",
        "member",
        [
            "brand_id",
            sa.text("(extract(month FROM birthday) * 100 + extract(day FROM birthday))"),
        ],
        postgresql_where=sa.text("birthday IS NOT NULL"),
    )


def _gifts() -> None:
    op.create_table(
        "gift",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("giver_id", sa.UUID(), nullable=False),
        sa.Column("receiver_id", sa.UUID(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("points > 0 AND giver_id <> receiver_id", name=op.f("gift_sides_check")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("gift_brand_id_fkey")),
        sa.ForeignKeyConstraint(["giver_id"], ["member.id"], name=op.f("gift_giver_id_fkey")),
        sa.ForeignKeyConstraint(["receiver_id"], ["member.id"], name=op.f("gift_receiver_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("gift_pkey")),
    )
    op.create_index("gift_giver_idx", "gift", ["giver_id", "given_at", "id"])
    op.create_index("gift_receiver_idx", "gift", ["receiver_id", "given_at", "id"])


def _households() -> None:
    op.create_table(
        "household",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("founded_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("household_brand_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("household_pkey")),
    )
    op.create_table(
        "household_invitation",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("invited_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("answered_at", INSTANT),
        sa.Column("accepted", sa.Boolean()),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (accepted IS NULL)",
            name=op.f("household_invitation_answer_check"),
        ),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("household_invitation_brand_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("household_invitation_household_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("household_invitation_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("household_invitation_pkey")),
    )
    op.create_index("household_invitation_member_idx", "household_invitation", ["member_id"])
    op.create_index(
        "household_invitation_open_idx",
        "household_invitation",
        ["household_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_table(
        "household_change",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("invitation_id", sa.UUID()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("household_change_brand_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("household_change_household_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["household_invitation.id"],
            name=op.f("household_change_invitation_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("household_change_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("household_change_pkey")),
    )
    op.create_index(
        "household_change_household_idx", "household_change", ["household_id", "changed_at"]
    )
    op.create_table(
        "household_member",
        sa.Column("household_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("entered_at", INSTANT, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("left_at", INSTANT),
        sa.CheckConstraint(
            "role IN ('owner', 'adult', 'child')", name=op.f("household_member_role_check")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("household_member_household_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("household_member_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "household_id", "member_id", "entered_at", name=op.f("household_member_pkey")
        ),
    )
    op.create_index(
        "household_member_now_idx",
        "household_member",
        ["member_id"],
        unique=True,
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_index(
        "household_member_owner_idx",
        "household_member",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text("left_at IS NULL AND role = 'owner'"),
    )


def _referrals() -> None:
    op.create_table(
        "referral",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("referrer_id", sa.UUID(), nullable=False),
        sa.Column("friend_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("event_id", sa.UUID()),
        sa.Column("qualified_at", INSTANT),
        sa.Column("rewards_at", INSTANT),
        sa.Column("rewarded_at", INSTANT),
        sa.Column("reviewed_at", INSTANT),
        sa.Column("reviewed_by", sa.Text()),
        sa.Column("review_note", sa.Text()),
        sa.CheckConstraint(
            "state = 'refused' OR friend_id <> referrer_id", name=op.f("referral_sides_check")
        ),
        sa.CheckConstraint(
            "state NOT IN ('review', 'refused') OR reason IS NOT NULL",
            name=op.f("referral_reason_check"),
        ),
        sa.CheckConstraint(
            "(state IN ('qualified', 'rewarded')) = (event_id IS NOT NULL)"
            " AND (event_id IS NULL) = (qualified_at IS NULL)"
            " AND (event_id IS NULL) = (rewards_at IS NULL)",
            name=op.f("referral_event_check"),
        ),
        sa.CheckConstraint(
            "(state = 'rewarded') = (rewarded_at IS NOT NULL)",
            name=op.f("referral_rewarded_check"),
        ),
        sa.CheckConstraint(
            "state IN ('review', 'pending', 'qualified', 'rewarded', 'refused')",
            name=op.f("referral_state_check"),
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("referral_brand_id_fkey")),
        sa.ForeignKeyConstraint(["friend_id"], ["member.id"], name=op.f("referral_friend_id_fkey")),
        sa.ForeignKeyConstraint(
            ["referrer_id"], ["member.id"], name=op.f("referral_referrer_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("referral_pkey")),
    )
    op.create_index("referral_brand_idx", "referral", ["brand_id", "state", "claimed_at", "id"])
    op.create_index(
        "referral_declined_idx",
        "referral",
        ["friend_id"],
        postgresql_where=sa.text("state = 'refused' AND reviewed_at IS NOT NULL"),
    )
    op.create_index(
        "referral_friend_idx",
        "referral",
        ["friend_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'refused'"),
    )
    op.create_index("referral_referrer_idx", "referral", ["referrer_id", "claimed_at", "id"])
    op.create_index(
        "referral_rewards_idx",
        "referral",
        ["rewards_at"],
        postgresql_where=sa.text("state = 'qualified'"),
    )
    op.create_table(
        "referral_code",
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("referral_code_brand_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("referral_code_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("referral_code_pkey")),
        sa.UniqueConstraint("brand_id", "code", name=op.f("referral_code_brand_id_code_key")),
    )
